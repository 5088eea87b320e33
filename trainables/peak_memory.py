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
    """Measures from its making on; for one trial at a time in a process.

    Attributes:
        of: what the peak belongs to: "device" (its memory), "trial" (resident memory since the start), or "process"
            (resident memory since the process began, where Linux does not let it be reset; workers run several trials).
    """

    def __init__(self) -> None:
        cuda = _cuda()
        if cuda is not None:
            cuda.reset_peak_memory_stats()
        self._resident = "trial" if _reset_resident_peak() else "process"

    @property
    def of(self) -> str:
        """See the class."""
        return self._resident if _cuda() is None else "device"

    def peak_gib(self) -> float | None:
        """The peak so far; None where this system does not say."""
        cuda = _cuda()
        peak = _resident_peak_gib() if cuda is None else cuda.max_memory_allocated() / 2**30
        return None if peak is None else round(peak, _DIGITS)

    def summary(self) -> dict[str, object]:
        """Both for a trial's summary."""
        return {"peak_gib": self.peak_gib(), "peak_of": self.of}


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
    return None if found is None else int(found[1]) / 2**20
