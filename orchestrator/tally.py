"""Counts a search's trials as their records change, one by one: looking at all of them at each event is quadratic."""

from collections import Counter
from collections.abc import Iterable

from results.trial_records import TrialRecord


class Tally:
    """What observers of a search keep of it.

    Args:
        records: how the search stands.

    Attributes:
        states: how many trials are in each state.
        best: the best score of a COMPLETE trial, confirmations left out; None before the first.
    """

    def __init__(self, records: Iterable[TrialRecord] = ()) -> None:
        self.states: Counter[str] = Counter()
        self.best: float | None = None
        self._seen: dict[int, TrialRecord] = {}
        for record in records:
            self.note(record)

    def note(self, record: TrialRecord) -> bool:
        """Takes a trial's newest record in place of the one before; says whether anything about it has changed."""
        before = self._seen.get(record.number)
        if before == record:
            return False
        self._seen[record.number] = record
        if before is not None:
            self.states[before.state] -= 1
        self.states[record.state] += 1
        if record.is_scored_candidate and record.score is not None:
            self.best = record.score if self.best is None else max(self.best, record.score)
        return True
