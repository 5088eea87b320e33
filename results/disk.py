"""What a disk refuses, as one error of ours: full, read-only, forbidden, or a file where a folder must be.

Every writer of this project goes through `writing`; what other libraries raise is told apart by `disk_error`.
"""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from results.errors import DiskError

_ROOM = "free some space"
_RIGHTS = "fix its permissions or use another folder"
_FOLDER = "a part of the path is a file; remove it or use another folder"
_REMEDIES = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: "raise the limit of a file's size (ulimit -f)",
    errno.EROFS: "use a folder on a disk that is not read-only",
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.ENOTDIR: _FOLDER,
    errno.EEXIST: _FOLDER,
    errno.EISDIR: "a folder is in the place of that file; remove it or use another name",
    errno.ENAMETOOLONG: "use a shorter path",
    errno.EIO: "check the disk",
}
# What the user can put right by naming another place; the others are the machine's.
_INPUT = frozenset(
    (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENAMETOOLONG)
)
_NUMBER = re.compile(r"\[Errno (\d+)\]")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the disk refuses while the block writes `path` into one error of ours.

    Raises:
        DiskError: the disk is full, read-only, or the path cannot be written.
    """
    try:
        yield
    except DiskError:
        raise
    except OSError as error:
        found = disk_error(error, path)
        if found is None:
            raise
        raise found from error


def disk_error(error: OSError, path: Path | None = None) -> DiskError | None:
    """Return the error of ours for what a disk refused; None for other errors.

    Args:
        error: as the system or a library raised it.
        path: what was written; the error's own file when left out.
    """
    if isinstance(error, DiskError):
        return error
    if error.errno not in _REMEDIES:
        return None
    place = error.filename if path is None else path
    if isinstance(place, bytes):
        place = place.decode(errors="replace")
    message = f"{place or 'a file'} cannot be written ({error.strerror}); {_REMEDIES[error.errno]}"
    return DiskError(message, error.errno, is_input=error.errno in _INPUT)


def disk_error_within(error: BaseException) -> DiskError | None:
    """Return the disk's part in an error that another library raised because of it; None where it has none.

    Args:
        error: its causes are looked at, and its text: Ray hands on tracebacks as text alone.
    """
    cause: BaseException | None = error
    while cause is not None:
        found = disk_error(cause) if isinstance(cause, OSError) else None
        if found is not None:
            return found
        cause = cause.__cause__ or cause.__context__
    numbers = _NUMBER.findall(str(error))
    return disk_error(OSError(int(numbers[-1]), "while Ray wrote its own files")) if numbers else None
