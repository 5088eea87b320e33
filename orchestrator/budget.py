"""When a search has had enough: trials, hours, GPU-hours, patience; each with the sentence that says so.

What was spent is counted from the ledger's events, so that a resumed search goes on counting where it stopped. The
caller brings the time, of a clock that nobody sets (`results.ledger`). This module stops nothing by itself.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from results.trial_records import COMPLETE, CONFIRMATION
from trainables.failures import BAD_LUCK

_SECONDS = 3600.0
SESSION_BEGINS = ("run", "resumed")

Event = Mapping[str, object]


@dataclass(frozen=True)
class Budget:
    """What a search may use up; None for no limit.

    Attributes:
        trials: all trials of the search, resumed and failed ones too. What was answered without training does not
            count, nor do confirmations.
        hours: wall-clock time of all sessions.
        gpu_hours: GPU time of all trials: wall time times the share of a GPU that each had.
        patience: trials in a row that did not better the best score by more than its own uncertainty, failures too
            unless the machine is to blame; before the first score, trials in a row without one.
    """

    trials: int
    hours: float | None = None
    gpu_hours: float | None = None
    patience: int | None = None


class Spending:
    """What a search has used up so far.

    Args:
        events: of the ledger, the header first.

    Attributes:
        trials: asked for, confirmations left out.
        in_vain: trials that reached a verdict since the last one that clearly bettered the best.
        bar: score of that one, which the next must clearly better; None before the first.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.trials = 0
        self.in_vain = 0
        self.bar: float | None = None
        self._margin = 0.0
        self._confirmations: set[object] = set()
        self._gpus = 0.0
        self._gpu_s = 0.0
        self._at_work: dict[object, float] = {}  # since when, by trial
        self._earlier_s = 0.0
        self._session_s: float | None = None  # when this session began
        self._latest_s = 0.0
        latest: Event = {}
        for latest in events:
            self.note(latest)
        if latest.get("event") not in SESSION_BEGINS:
            self._end_session()  # what is on record of it is all there is: its process is gone

    def note(self, event: Event) -> None:
        """Counts one more event of the ledger."""
        kind, time_s = event["event"], float(str(event["time"]))
        if kind in SESSION_BEGINS:
            self._end_session()
            self._session_s, self._gpus = time_s, float(str(event.get("gpus", 0.0)))
        self._latest_s = time_s
        if "number" in event:
            self._note_work(event["number"], kind in ("started", "rung"), time_s)
        if kind == "asked":
            self._note_asked(event)
        if kind in ("finished", "reused"):
            self._note_verdict(event)

    def hours(self, now_s: float) -> float:
        """Wall-clock hours of all sessions; between two sessions none pass."""
        running_s = 0.0 if self._session_s is None else _passed_s(self._session_s, now_s)
        return (self._earlier_s + running_s) / _SECONDS

    def gpu_hours(self, now_s: float) -> float:
        """GPU-hours of all trials, those of running trials up to now."""
        running_s = sum(_passed_s(since_s, now_s) for since_s in self._at_work.values())
        return (self._gpu_s + running_s * self._gpus) / _SECONDS

    def _end_session(self) -> None:
        if self._session_s is not None:
            self._earlier_s += _passed_s(self._session_s, self._latest_s)
        self._session_s = None
        self._at_work.clear()  # a killed session's trials worked on until nobody knows when

    def _note_work(self, number: object, goes_on: bool, time_s: float) -> None:
        since_s = self._at_work.pop(number, None)
        if since_s is not None:
            self._gpu_s += _passed_s(since_s, time_s) * self._gpus
        if goes_on:
            self._at_work[number] = time_s

    def _note_asked(self, event: Event) -> None:
        if event.get("from") == CONFIRMATION:
            self._confirmations.add(event["number"])
        else:
            self.trials += 1

    def _note_verdict(self, event: Event) -> None:
        if event["number"] in self._confirmations:
            return
        score = event.get("score")
        if event["state"] == COMPLETE and isinstance(score, int | float) and self._betters(float(score)):
            self.bar, self._margin, self.in_vain = float(score), half_width(event.get("summary")), 0
        elif event["event"] == "finished" and event.get("kind") not in BAD_LUCK:
            self.in_vain += 1

    def _betters(self, score: float) -> bool:
        return self.bar is None or score > self.bar + self._margin


class Limits:
    """The budget of one session of a search, held against what is spent.

    Args:
        budget: of the whole search.
        events: what the ledger already holds.
        clock: the ledger's.

    Attributes:
        budget: as given.
    """

    def __init__(self, budget: Budget, events: Iterable[Event], clock: Callable[[], float]) -> None:
        self.budget = budget
        self._spent = Spending(events)
        self._clock = clock
        self._enough: str | None = None

    def note(self, event: Event) -> None:
        """Counts one more event of the ledger."""
        self._spent.note(event)

    def allow_trial(self) -> bool:
        """Whether the number of trials allows another one."""
        return self._spent.trials < self.budget.trials

    def time_is_up(self) -> str | None:
        """Why time alone lets nothing run on, or None; a session that is given more hours goes on with what ran."""
        hours = self.budget.hours
        is_up = hours is not None and self._spent.hours(self._clock()) >= hours
        return f"its {hours:g} hours are used up" if is_up else None

    def used_up(self) -> str | None:
        """Why nothing at all may run on, or None. What runs is stopped at its next report."""
        time_is_up, gpu_hours = self.time_is_up(), self.budget.gpu_hours
        if time_is_up is not None:
            return time_is_up
        if gpu_hours is not None and self._spent.gpu_hours(self._clock()) >= gpu_hours:
            return f"its {gpu_hours:g} GPU-hours are used up"
        return None

    def enough(self) -> str | None:
        """Why the search proper is over, or None; what it found may still be confirmed.

        Said once, it holds for the session: a trial that ran on and turned out better does not begin it again.
        """
        if self._enough is None:
            self._enough = self.used_up() or self._out_of_patience()
        return self._enough

    def declare_enough(self, why: str) -> None:
        """Ends the search proper for a reason that no budget knows."""
        self._enough = why

    def why_over(self) -> str | None:
        """Why nothing new is asked for, in words; None where something may be."""
        return self.enough() if self.allow_trial() else f"all of its trials ({self.budget.trials}) are done"

    def left_s(self) -> float | None:
        """Seconds of wall-clock time that are left; None without such a limit."""
        hours = self.budget.hours
        return None if hours is None else max(hours - self._spent.hours(self._clock()), 0.0) * _SECONDS

    def _out_of_patience(self) -> str | None:
        in_vain, bar = self._spent.in_vain, self._spent.bar
        if self.budget.patience is None or in_vain < self.budget.patience:
            return None
        if bar is None:
            return f"{in_vain} trials in a row ended without a score"
        return f"{in_vain} trials in a row did not better {bar:.4f} by more than its uncertainty"


def _passed_s(since_s: float, now_s: float) -> float:
    """Time between two moments of one session; an old ledger's clock may have been set back between them."""
    return max(now_s - since_s, 0.0)


def half_width(summary: object) -> float:
    """Half the width of the interval in a trial's summary; 0 where there is none."""
    bounds = summary.get("interval") if isinstance(summary, Mapping) else None
    if not isinstance(bounds, list | tuple) or None in bounds:
        return 0.0
    low, high = (float(bound) for bound in bounds)
    return (high - low) / 2 if math.isfinite(high - low) else 0.0
