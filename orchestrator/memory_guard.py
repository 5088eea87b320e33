"""Keeps points that would run out of memory off the devices: gathers what trials showed, and asks the memory model.

It never rejects what may fit. It tells nobody and records nothing: `orchestrator.study` does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from orchestrator.memory_model import MemoryModel, Seen, fit
from results.trial_records import RUNNING, TrialRecord
from trainables.failures import OUT_OF_MEMORY
from trainables.jobs import most_parts

_MOST_SEEN = 400  # trials, the latest, that the model learns from

Point = Mapping[str, object]


@dataclass(frozen=True)
class Forecast:
    """What is expected of a point's memory.

    Attributes:
        parts: that each batch is best trained in; 1 where nothing is known.
        why: what speaks against fewer parts, None where nothing does.
        hopeless: whether no number of parts will do.
    """

    parts: int = 1
    why: str | None = None
    hopeless: bool = False


class MemoryGuard:
    """What one search knows of its trials' memory.

    Args:
        complete: fills in what a point leaves to the detector's defaults.
        may_halve: whether a trial may be tried at half its batch.
    """

    def __init__(self, complete: Callable[[Point], Point], may_halve: bool) -> None:
        self._complete = complete
        self._may_halve = may_halve
        self._seen: dict[int, tuple[Seen, ...]] = {}
        self._model: MemoryModel | None = None
        self._is_current = True

    def note(self, record: TrialRecord) -> None:
        """Learns from a trial, again where it has changed."""
        seen = tuple(attempts(record, self._complete(record.params)))
        if seen and self._seen.get(record.number) != seen:
            self._seen[record.number] = seen
            self._is_current = False
        if len(self._seen) > _MOST_SEEN:
            del self._seen[min(self._seen)]

    def forecast(self, params: Point) -> Forecast:
        """What is to be expected of a point, from everything noted so far, in whatever order."""
        model, complete = self._latest(), self._complete(params)
        if model is None:
            return Forecast()
        parts = most_parts(complete) if self._may_halve else 1
        why = model.why_hopeless(complete, 1)
        if why is None:
            # Halves that were not needed cost a little time, a trial that runs out costs its start.
            doubt = model.why_doubtful(complete) if parts > 1 else None
            return Forecast() if doubt is None else Forecast(parts, doubt)
        finer = None if parts == 1 else model.why_hopeless(complete, parts)
        return Forecast(parts, why, hopeless=parts == 1 or finer is not None)

    def _latest(self) -> MemoryModel | None:
        if not self._is_current:
            self._model = fit([one for number in sorted(self._seen) for one in self._seen[number]])
            self._is_current = True
        return self._model


def attempts(record: TrialRecord, params: Point) -> list[Seen]:
    """What a trial's attempts showed of its memory: where it ran out, and where it sufficed."""
    out = [Seen(params, parts, None, ran_out=True) for parts in record.ran_out]
    if record.kind == OUT_OF_MEMORY and record.state != RUNNING:
        return [*out, Seen(params, record.accumulate, record.peak_gib, ran_out=True)]
    suffices = record.peak_gib is not None or (bool(record.rungs) and record.state != RUNNING)
    return [*out, Seen(params, record.accumulate, record.peak_gib)] if suffices else out
