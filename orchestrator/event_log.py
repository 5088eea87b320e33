"""A search's ledger, and everything that is counted from its events: a resumed search counts on where it stopped.

It decides nothing: `orchestrator.study` does.
"""

from collections.abc import Callable, Mapping, Sequence

from orchestrator.alike_failures import AlikeFailures
from orchestrator.memory_guard import MemoryGuard
from orchestrator.repeats import Tried
from orchestrator.stopping import STOPPING
from results.layout import RunLayout, TrialLayout
from results.ledger import Ledger, read_events
from results.trial_records import CONFIRMATION, RUNNING, TrialRecord, apply_event, trials_of

Event = Mapping[str, object]


class EventLog:
    """What has happened in a search; written by one thread, the driver's.

    Args:
        ledger: open for writing; every event is appended before it takes effect. The trials' folders lie beside it.
        events: what the ledger already holds.
        tried: tells twins apart, made for this search alone.
        guard: learns the trials' memory, made for this search alone.

    Attributes:
        records: what is known of each trial, by number.
        alike: failures that came about in the same way.
        in_vain: proposals in a row that became no trial.
        cut_short: reports that stopped a trial, where its end did not reach the ledger any more.
    """

    def __init__(self, ledger: Ledger, events: Sequence[Event], tried: Tried, guard: MemoryGuard) -> None:
        self.records: dict[int, TrialRecord] = trials_of(events)
        self.alike = AlikeFailures()
        self.in_vain = 0
        self._ledger = ledger
        self._layout = RunLayout(ledger.path.parent)
        self._tried = tried
        self._guard = guard
        self._observers: list[Callable[[Event], None]] = []
        for event in events:
            self._count(event)
        self.alike.begin_session()
        for record in self.records.values():
            guard.note(record)
        self.cut_short = _cut_short(events)

    def subscribe(self, observer: Callable[[Event], None]) -> None:
        """Calls `observer` after every event with the event as it was recorded; it must be quick."""
        self._observers.append(observer)

    def write(self, event: Event) -> None:
        """Puts an event on record and counts it; a signal that comes meanwhile interrupts afterwards."""
        with STOPPING.held():
            self._write(event)

    def _write(self, event: Event) -> None:
        recorded = self._ledger.append(event)
        apply_event(self.records, recorded)
        self._count(recorded)
        if recorded["event"] in ("retried", "finished", "reused"):
            self._guard.note(self.records[int(str(recorded["number"]))])
        for observer in self._observers:
            observer(recorded)

    def events(self) -> Sequence[Event]:
        """Every event so far, read from the disk."""
        return read_events(self._ledger.path)

    def unfinished(self) -> list[int]:
        """Trials that are on record without an end, in the order of asking."""
        return [number for number, record in self.records.items() if record.state == RUNNING]

    def trial(self, number: int) -> TrialLayout:
        """The trial's files."""
        return self._layout.trial(number)

    def _count(self, event: Event) -> None:
        self.alike.note(event)
        if event["event"] in ("asked", "answered", "rejected", "reused") and event.get("from") != CONFIRMATION:
            self._tried.note(event)
            self.in_vain = 0 if event["event"] in ("asked", "reused") else self.in_vain + 1


def _cut_short(events: Sequence[Event]) -> list[Event]:
    latest = {event["number"]: event for event in events if "number" in event}
    return [event for event in latest.values() if event["event"] == "rung" and "stop" in event]
