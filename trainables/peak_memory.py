"""The most memory that a trial held at once, for the search's model of what a point needs.

On a GPU what torch allocated there; else what the process had resident. Loader processes are not counted. Imports no
torch: where a trial has not, there is no GPU memory to speak of.
"""

import contextlib
import re
import sys
from pathlib import Path
from typing import Any

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_RESET_RESIDENT_PEAK = "5"  # Linux: man 5 proc
_DIGITS = 3


class MemoryMeter:
    """Measures from its making on; for one trial at a time in a process."""

    def __init__(self) -> None:
        cuda = _cuda()
        if cuda is not None:
            cuda.reset_peak_memory_stats()
        self._is_reset = _reset_resident_peak()

    def peak_gib(self) -> float | None:
        """The peak so far.

        None where the system does not say, or does not let the peak of resident memory be reset: what is left is the
        process's, and one process runs many trials.
        """
        cuda = _cuda()
        if cuda is not None:
            return round(float(cuda.max_memory_allocated()) / 2**30, _DIGITS)
        return _resident_peak_gib() if self._is_reset else None


def _cuda() -> Any:
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_available() else None


def _reset_resident_peak() -> bool:
    with contextlib.suppress(OSError):
        _CLEAR.write_text(_RESET_RESIDENT_PEAK)
        return True
    return False


def _resident_peak_gib() -> float | None:
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)
    except OSError:
        return None
    return None if found is None else round(int(found[1]) / 2**20, _DIGITS)
