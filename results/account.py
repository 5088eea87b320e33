"""A home folder and a name for whoever runs a command: a container's user may have neither.

Numba's compiled kernels, Ray's token and several libraries' caches go to the home folder, and fail without one in ways
that name none of this. Where there is none that can be written, a private folder below the temporary one is it.
"""

import getpass
import os
import stat
import tempfile
from pathlib import Path


def settle_account() -> str | None:
    """Sets HOME and LOGNAME for this process and those that it starts, where they are of no use.

    Returns:
        A notice for the user; None where all is well.
    """
    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["LOGNAME"] = str(os.getuid())
    home = os.environ.get("HOME")
    if home and is_usable(Path(home)):
        return None
    os.environ["HOME"] = str(_private_folder(Path(tempfile.gettempdir()) / f"detection-search-{os.getuid()}"))
    why = f"HOME ({home}) is no folder that can be written" if home else "HOME is not set"
    return f"{why}; caches and Ray's token are in {os.environ['HOME']}"


def is_usable(home: Path) -> bool:
    """Whether a folder is there and can be written."""
    return home.is_dir() and os.access(home, os.W_OK | os.X_OK)


def _private_folder(wanted: Path) -> Path:
    try:
        wanted.mkdir(mode=0o700, exist_ok=True)
        found = wanted.lstat()
    except OSError:
        return Path(tempfile.mkdtemp(prefix="detection-search-"))
    private = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return wanted if private else Path(tempfile.mkdtemp(prefix="detection-search-"))
