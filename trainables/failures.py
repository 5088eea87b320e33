"""Names the kind of a trial's failure, so that the search can treat each kind as it deserves.

    DetectionSearchError (results.errors)
    +-- NanLossError               the loss is no number                  NaN loss
    +-- BadConfigurationError      a model or pipeline does not build     bad configuration
    +-- PipelineError              an image's transforms fail             what they failed with
    +-- InputError                 data or a parameter is wrong           bad configuration
        +-- CorruptImageError      an image cannot be read                corrupt image

Everything else is told by what it is or says: memory, disk, time, lost loader processes. Imports no torch, so that a
driver can use the names; decides nothing about a failure.
"""

import errno
import hashlib
import re
import traceback
from pathlib import Path

from results.errors import DetectionSearchError, InputError

OUT_OF_MEMORY = "out of memory"
NAN_LOSS = "NaN loss"
BAD_CONFIGURATION = "bad configuration"
CORRUPT_IMAGE = "corrupt image"
FULL_DISK = "full disk"
TIME_OUT = "time-out"
LOST_WORKER = "lost worker"
ERROR = "error"
# Any point could have met with these: they say nothing of it.
BAD_LUCK = (LOST_WORKER, FULL_DISK, CORRUPT_IMAGE)

_LONGEST_REASON = 600
# torch starts so what it raises again for a process that loads images; the last line is what was raised there.
_FROM_LOADER = re.compile(r"Caught (\w+) in DataLoader worker process")
_FRAME_OF_LOADER = re.compile(r'File "([^"]+)", line (\d+), in (\S+)')
# Differs from trial to trial where nothing else does: paths, numbers, addresses.
_VARIES = re.compile(r"\S*/\S*|0x[0-9a-f]+|\d+(\.\d+)?")
_MEMORY = (
    "DefaultCPUAllocator: can't allocate",
    "DefaultCPUAllocator: not enough memory",
    "CUDA out of memory",
    "CUDA error: out of memory",
    "cudaErrorMemoryAllocation",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "Cannot allocate memory",
    "(-4:Insufficient memory)",
)
_SAYS = {
    OUT_OF_MEMORY: re.compile("|".join(map(re.escape, _MEMORY))),
    FULL_DISK: re.compile(r"No space left on device|Disk quota exceeded"),
    # A loader process that the kernel ended is lost as a worker is.
    LOST_WORKER: re.compile(r"DataLoader worker \(pid.*(exited unexpectedly|is killed by signal)"),
}
_NUMBERS = {errno.ENOSPC: FULL_DISK, errno.EDQUOT: FULL_DISK, errno.ENOMEM: OUT_OF_MEMORY}


class NanLossError(DetectionSearchError):
    """The loss is no longer a number; training on would waste the device."""


class BadConfigurationError(DetectionSearchError):
    """What the parameters describe cannot be built; trying again gives the same."""


class CorruptImageError(InputError):
    """An image is missing or damaged.

    Args:
        received: the image's path, and what is wrong with it. There is no other argument, so torch can make the error
            again that a loader process raised; it then gives that error's whole traceback, which ends in its message.
    """

    def __init__(self, received: str) -> None:
        remedy = "put a sound file there"
        own = received.strip().removesuffix(f"; {remedy}").rpartition("; received ")[2]
        super().__init__("every image must be readable", own, remedy)


class PipelineError(DetectionSearchError):
    """The transforms of a readable image failed; what they raised is its cause.

    Args:
        message: the image's path and what was raised. There is no other argument, so torch can make the error again
            that a loader process raised.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


_TYPES: tuple[tuple[type[BaseException], str], ...] = (
    (NanLossError, NAN_LOSS),
    (TimeoutError, TIME_OUT),
    (BadConfigurationError, BAD_CONFIGURATION),
    (CorruptImageError, CORRUPT_IMAGE),
    (InputError, BAD_CONFIGURATION),
    (MemoryError, OUT_OF_MEMORY),
)
_TYPE_NAMES = {**{kind.__name__: word for kind, word in _TYPES}, "OutOfMemoryError": OUT_OF_MEMORY}


def failure_kind(error: BaseException) -> str:
    """One of the kinds above; "error" for what has none of its own.

    What an exception was raised from, or while handling, counts too: torch wraps a full disk into a RuntimeError.
    """
    kinds = (_own_kind(one) for one in _chain(error))
    return next((kind for kind in kinds if kind is not None), ERROR)


def failure_reason(error: BaseException) -> str:
    """Type and message on one line."""
    text = str(error)
    if _FROM_LOADER.search(text):
        return _one_line(text.strip().splitlines()[-1])
    return _one_line(f"{type(error).__name__}: {text}")


def failure_fingerprint(error: BaseException) -> str:
    """Eight hexadecimal digits that are equal for failures that came about in the same way.

    Made of what was raised, where, and what it says, without folders and numbers: these differ between trials.
    """
    parts = [part for one in _chain(error) for part in (_VARIES.sub("#", failure_reason(one)), *_frames(one))]
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=4).hexdigest()


def _frames(error: BaseException) -> list[str]:
    passed = [(frame.filename, frame.lineno, frame.name) for frame in traceback.extract_tb(error.__traceback__)]
    there = _FRAME_OF_LOADER.findall(str(error)) if _FROM_LOADER.search(str(error)) else []
    return [f"{Path(str(file)).name}:{line}:{name}" for file, line, name in (*passed, *there)]


def _own_kind(error: BaseException) -> str | None:
    by_type = next((kind for type_, kind in _TYPES if isinstance(error, type_)), None)
    if by_type is not None:
        return by_type
    if isinstance(error, OSError) and error.errno in _NUMBERS:
        return _NUMBERS[error.errno]
    text = str(error)
    raised = _FROM_LOADER.search(text)
    by_name = _TYPE_NAMES.get(raised[1] if raised else type(error).__name__)  # torch's, without importing it
    return by_name or next((kind for kind, says in _SAYS.items() if says.search(text)), None)


def _chain(error: BaseException) -> list[BaseException]:
    """The error, what it was raised from or while handling, and so on."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        suppressed = following.__suppress_context__
        following = following.__cause__ or (None if suppressed else following.__context__)
    return chain


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_REASON]
