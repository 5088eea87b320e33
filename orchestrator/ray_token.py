"""The token by which Ray tells its own processes from others': where it lies, and that nobody else may read it.

Ray looks in RAY_AUTH_TOKEN, in the file that RAY_AUTH_TOKEN_PATH names, and in ~/.ray/auth_token; it would write that
last file with the permissions that the umask leaves. Imports no ray.
"""

import contextlib
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

_VALUE, _FILE = "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"
_TOKEN_BYTES = 32


def token_file(environment: Mapping[str, str]) -> Path | None:
    """The file that holds the token; None where there is no home folder, or the variable itself holds it."""
    if environment.get(_VALUE):
        return None
    named, home = environment.get(_FILE), environment.get("HOME")
    if named:
        return Path(named)
    return Path(home) / ".ray" / "auth_token" if home else None


def known_token(environment: Mapping[str, str]) -> str | None:
    """The token that this process would show to a cluster; None for none."""
    file = token_file(environment)
    if file is None:
        return environment.get(_VALUE)
    try:
        return file.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def keep_token_private() -> str | None:
    """Makes a token where there is none, in a file of mode 0600, and takes others' permissions off one that is there.

    Without a home folder that can be written, the token lies in the environment of this search's processes alone.

    Returns:
        A notice for the user; None where nothing is unusual.
    """
    file = token_file(os.environ)
    if file is not None and file.exists():
        return _take_permissions(file)
    if file is None and os.environ.get(_VALUE):
        return None
    token = secrets.token_hex(_TOKEN_BYTES)
    if file is not None and _FILE not in os.environ:
        with contextlib.suppress(OSError):
            _write_private(file, token)
            return None
    os.environ[_VALUE] = token
    where = "HOME is not set" if file is None else f"{file} cannot be written"
    return f"{where}: the token of this search's Ray is known to its own processes only"


def _write_private(file: Path, token: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:  # another search was quicker
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(token)


def _take_permissions(file: Path) -> str | None:
    mode = stat.S_IMODE(file.stat().st_mode)
    if not mode & 0o077:
        return None
    try:
        file.chmod(mode & 0o700)
    except OSError as error:
        return f"{file} must be readable by its owner only, got mode {mode:04o} ({error.strerror}); run chmod 600"
    return f"{file} had mode {mode:04o}; it is readable by its owner only now"
