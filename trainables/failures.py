"""Names the kind of a trial's failure, so that the search can treat each kind as it deserves."""

import errno

from results.errors import DetectionSearchError, InputError


class NanLossError(DetectionSearchError):
    """The loss is no longer a number; training on would waste the device."""


def failure_kind(error: BaseException) -> str:
    """One of "out of memory", "NaN loss", "bad input", "full disk", "error"."""
    if isinstance(error, NanLossError):
        return "NaN loss"
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's, without importing it
        return "out of memory"
    if isinstance(error, InputError):
        return "bad input"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "full disk"
    return "error"
