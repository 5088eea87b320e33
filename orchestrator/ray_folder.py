"""Where Ray keeps its sockets and its objects on this machine: looked at before it starts, since it fails late.

Imports no ray.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from results.errors import InputError

# As long as any that Ray makes below its folder; a socket's path has at most 107 bytes.
_SOCKET = "session_2026-12-01_01-58-19_166932_2178463/sockets/plasma_store_1"
_LONGEST = 107
_SHARED_MEMORY = Path("/dev/shm")


def fits_sockets(folder: Path) -> bool:
    """Whether the paths of sockets that Ray makes in a folder are short enough for the system."""
    return len(os.fsencode(folder / _SOCKET)) <= _LONGEST


def ray_folder() -> tuple[Path, str | None]:
    """The folder that Ray starts in, and a notice where it is not the usual one.

    Raises:
        InputError: none can be used.
    """
    asked = Path(os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or "/tmp")
    others = [Path(os.environ["XDG_RUNTIME_DIR"])] if os.environ.get("XDG_RUNTIME_DIR") else []
    roots = [asked.absolute(), Path("/tmp"), *others, Path("/var/tmp"), Path("/dev/shm")]
    own = f"ray-{os.getuid()}"  # where another user's Ray has made a folder of its own
    candidates = [root / name for root in roots for name in ("ray", own)]
    chosen = first_usable(candidates, fits_sockets, _can_write)
    if chosen is None:
        remedy = "set RAY_TMPDIR to a folder of at most 38 letters that you can write"
        raise InputError("Ray must have a short folder that can be written for its sockets", asked, remedy)
    if chosen == candidates[0]:
        return chosen, None
    why = "cannot be written" if fits_sockets(candidates[0]) else "is too long for a socket"
    return chosen, f"{candidates[0]} {why}: Ray's files are in {chosen}"


def first_usable(
    folders: Iterable[Path], fits: Callable[[Path], bool], can_write: Callable[[Path], bool]
) -> Path | None:
    """The first folder that is short enough and can be written, None where there is none."""
    return next((folder for folder in folders if fits(folder) and can_write(folder)), None)


def objects_notice(store_bytes: int) -> str | None:
    """What to say where shared memory is too small for Ray's objects; Ray keeps them in a file then."""
    try:
        room = os.statvfs(_SHARED_MEMORY)
    except OSError:
        return f"there is no {_SHARED_MEMORY}: Ray's objects are in a file in its folder"
    free = room.f_bavail * room.f_bsize
    if free >= store_bytes:
        return None
    needed = f"{store_bytes // 2**20} MiB"
    return f"{_SHARED_MEMORY} has {free // 2**20} MiB free of {needed}: Ray's objects are in a file in its folder"


def _can_write(folder: Path) -> bool:
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
