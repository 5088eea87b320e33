"""A rendered data set in the user's cache folder: there whole, or not there.

Processes that ask at the same time wait for one another. What is rendered is the caller's business; a folder counts as
complete when its manifest stands and every file that it lists has its size, because cleaners of caches delete files.
"""

import fcntl
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from results.errors import InputError
from results.layout import write_atomically

_MANIFEST = "manifest.json"


def cached_folder(
    root: Path, version: str, render: Callable[[Path], None], texts: Mapping[str, str] = MappingProxyType({})
) -> Path:
    """The folder `root/version`, rendered first when it is not there whole.

    Args:
        root: made where it is absent.
        version: name of the folder; another for everything that looks otherwise.
        render: fills a folder that does not exist yet, and calls `write_manifest` last.
        texts: content of files by name that may have changed since the folder was rendered.

    Raises:
        InputError: the cache folder cannot be written.
    """
    folder = root / version
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _alone(root / f"{version}.lock"):
            if not _is_complete(folder):
                _install(folder, render)
            _bring_up_to_date(folder, version, texts)
    except OSError as error:
        remedy = "set XDG_CACHE_HOME to a folder that can be written"
        raise InputError("the demonstration's cache folder can be written", f"{root}: {error}", remedy) from error
    return folder


def write_json(path: Path, content: object) -> None:
    """Json on one line with sorted keys: equal content gives equal bytes."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=None, sort_keys=True), encoding="utf-8")


def write_manifest(folder: Path, version: str) -> None:
    """Lists every file of the folder with its size; written last, it says that the others are whole."""
    (folder / _MANIFEST).unlink(missing_ok=True)  # it does not list itself
    sizes = {
        path.relative_to(folder).as_posix(): path.stat().st_size for path in sorted(folder.rglob("*")) if path.is_file()
    }
    write_json(folder / _MANIFEST, {"version": version, "files": sizes})


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Holds the lock file; the system frees it when the process dies."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_complete(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        listed = manifest["files"]
        present = {name: (folder / name).stat().st_size for name in listed}
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(listed) and present == listed


def _bring_up_to_date(folder: Path, version: str, texts: Mapping[str, str]) -> None:
    stale = {name: text for name, text in texts.items() if (folder / name).read_text(encoding="utf-8") != text}
    for name, text in stale.items():
        write_atomically(folder / name, text)
    if stale:
        write_manifest(folder, version)


def _install(folder: Path, render: Callable[[Path], None]) -> None:
    """Renders into a sibling and renames it; what stood there goes first."""
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}-", dir=folder.parent) as temporary:
        fresh = Path(temporary) / folder.name
        render(fresh)
        if folder.exists():
            shutil.rmtree(folder)
        fresh.rename(folder)
