"""Pictures that were opened, remembered: what a search must know of every image before it starts, once for each file.

A file counts as the same while size and times of change are. A cache that cannot be read or written is done without:
it holds nothing that cannot be made again. Files that were written a moment ago are never remembered: their times do
not tell them from what is written over them in the same moment.
"""

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple
from pathlib import Path

from results.layout import write_atomically
from trainables.data.cache_folder import user_cache
from trainables.data.picture_files import PictureFile, read_pictures

_VERSION = "opened-v1"
# Fewer are opened in a moment; more than the second number take long enough to say so.
_WORTH_KEEPING = 64
_WORTH_SAYING = 2000
_SETTLED_NS = 2_000_000_000

Stamp = list[int]


def opened_pictures(
    folder: Path,
    names: Sequence[str],
    say: Callable[[str], None] = lambda _line: None,
    cache_root: Path | None = None,
) -> list[PictureFile]:
    """What each file holds, in the order of the names; what cannot be opened says so.

    Args:
        folder: that the names are relative to.
        names: of the pictures.
        say: told when many must be opened.
        cache_root: where the findings are kept; the user's cache folder when left out.
    """
    cache = (cache_root or user_cache()) / _VERSION / f"{_digest(str(folder.absolute()))}.json"
    stamps, kept = {name: _stamp(folder / name) for name in names}, _kept(cache)
    known = {name: kept[name] for name in stamps if name in kept and kept[name][0] == stamps[name]}
    fresh = [name for name in stamps if name not in known]
    if len(fresh) >= _WORTH_SAYING:
        say(f"opening {len(fresh)} images of {folder} once, to find damaged ones (remembered in {cache.parent})")
    now = time.time_ns()
    found = dict(zip(fresh, read_pictures(folder, fresh), strict=True))
    settled = {
        name: one for name, one in found.items() if (stamp := stamps[name]) and now - max(stamp[1:]) > _SETTLED_NS
    }
    if len(settled) >= _WORTH_KEEPING:
        _keep(cache, kept | {name: (stamps[name], picture) for name, picture in settled.items()})
    return [found[name] if name in found else known[name][1] for name in names]


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except (OSError, ValueError):  # a name that can be no path is no file
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _kept(cache: Path) -> dict[str, tuple[Stamp | None, PictureFile]]:
    try:
        rows = json.loads(cache.read_bytes())
        return {name: (stamp, PictureFile(*fields)) for name, (stamp, fields) in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _keep(cache: Path, pictures: Mapping[str, tuple[Stamp | None, PictureFile]]) -> None:
    with contextlib.suppress(OSError):
        rows = {name: (stamp, astuple(picture)) for name, (stamp, picture) in pictures.items()}
        write_atomically(cache, json.dumps(rows))
