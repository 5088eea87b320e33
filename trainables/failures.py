"""Names the kind of a trial's failure, so that the search can treat each kind as it deserves."""

import errno

from results.errors import DetectionSearchError, InputError


class NanLossError(DetectionSearchError):
    """The loss is no longer a number; training on would waste the device."""


class BadConfigurationError(DetectionSearchError):
    """Nothing can be built from a trial's configuration; it would fail in the same way again."""


class CorruptImageError(DetectionSearchError):
    """An image exists and cannot be decoded."""


# The first that fits names the kind.
_KINDS: tuple[tuple[type[BaseException], str], ...] = (
    (NanLossError, "NaN loss"),
    (BadConfigurationError, "bad configuration"),
    (CorruptImageError, "corrupt image"),
    (MemoryError, "out of memory"),
    (InputError, "bad input"),
    (TimeoutError, "time-out"),
)


def failure_kind(error: BaseException) -> str:
    """One of the kinds above, "full disk", or "error"."""
    if type(error).__name__ == "OutOfMemoryError":  # torch's, without importing it
        return "out of memory"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "full disk"
    return next((kind for exception, kind in _KINDS if isinstance(error, exception)), "error")
