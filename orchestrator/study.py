"""The search's judgement: what to run next, whether a trial goes on, whether it is tried again.

Optuna proposes and prunes (`orchestrator.proposals`), a new point is worth a trial or not (`orchestrator.new_points`),
a failed trial is tried again or not (`orchestrator.retries`), at some time it is enough (`orchestrator.ending`); this
module brings them together. Every event goes to the ledger first (`orchestrator.event_log`), and all of them are
rebuilt from there. Ray Tune only obeys. It knows neither ray nor torch, so it can be driven by a test.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from orchestrator.budget import Budget, Limits
from orchestrator.checkpoints import checkpoint_epoch
from orchestrator.confirmations import Confirmations
from orchestrator.ending import Ending
from orchestrator.event_log import Event, EventLog
from orchestrator.jobs import Asked, described_params
from orchestrator.memory_guard import MemoryGuard
from orchestrator.new_points import NewPoints
from orchestrator.proposals import Judgement, Proposals
from orchestrator.refusals import refusal
from orchestrator.repeats import Tried
from orchestrator.retries import MOST_LOSSES, goes_on_after_loss, parts_after_out_of_memory
from orchestrator.warm_start import WarmStart
from results.ledger import Ledger
from results.ranking import scored
from results.trial_records import COMPLETE, FAIL, PRUNED, TrialRecord
from results.trial_summary import ledger_part
from search_spaces.space import Space
from trainables.failures import LOST_WORKER, OUT_OF_MEMORY

_LONGEST_REASON = 600
_CREEP = 1.02


class Study:
    """One search: asked from one thread, the driver's.

    Args:
        space: what may vary.
        ledger: open for writing; every event is appended before it takes effect. Its clock is the search's, and the
            trials' folders lie beside it.
        events: what the ledger already holds.
        budget: when to stop asking.
        seed: of the sampler; each ask draws from the seed and the trial's number.
        tried: tells twins apart, made for this search alone; by default two points are one when they are equal.

    Attributes:
        records: what is known of each trial, by number.
        limits: what the budget still allows.
        ending: knows why the search asks for no more.
    """

    def __init__(
        self,
        space: Space,
        ledger: Ledger,
        events: Sequence[Event],
        budget: Budget,
        seed: int,
        tried: Tried | None = None,
    ) -> None:
        self.space = space
        self.limits = Limits(budget, events, ledger.clock)
        self._complete = partial(described_params, space)
        tried = Tried(space) if tried is None else tried
        guard = MemoryGuard(self._complete, space.search.retry_out_of_memory)
        self._log = EventLog(ledger, events, tried, guard)
        self._log.subscribe(self.limits.note)
        self.records = self._log.records
        self._proposals = Proposals(space, seed, events, self.records)
        self._new_points = NewPoints(self._log, self._proposals, tried, guard, partial(refusal, space))
        self.ending = Ending(self._log, self.limits, self._new_points)
        self._confirmations = Confirmations(self._log, self._proposals, space.search.confirm, seed)
        self._live: set[int] = set()
        # On record as RUNNING and run by nobody: they are handed out again, before anything new.
        self._waiting = deque(self._log.unfinished())

    def subscribe(self, observer: Callable[["Study", Event], None]) -> None:
        """Calls `observer` after every event with the event as it was recorded; it must be quick."""
        self._log.subscribe(partial(observer, self))

    def resume(self, terms: Mapping[str, object]) -> None:
        """Begins another session of a search that is on record; `terms` are what it is resumed with."""
        self._log.write({"event": "resumed", **terms})

    def begin_from(self, start: WarmStart) -> None:
        """Puts on record what is known before the first trial: a resumed search needs no other run."""
        for trial in start.finished:
            self._new_points.take_over(trial)
        for known in start.known:
            origin = {"run": known.trial.run, "trial": known.trial.number}
            self._log.write({"event": "known", "params": dict(known.params), **origin})
            self._proposals.add_known(known.params)

    def next(self) -> Asked | None:
        """The next trial to run; None when there is none now, or, unless the study `waits`, none any more."""
        self._end_cut_short()
        if self.limits.time_is_up() is not None and not self.ending.failed_alike():
            return None  # what waits is paid for in part: it keeps its checkpoint for a session with more time
        enough = self.ending.why_enough()
        if enough is not None:
            self._drop_waiting(enough)
        if self._waiting:
            return self._handed_out(self._waiting.popleft())
        number = self._new_points.take() if enough is None and self.limits.allow_trial() else None
        if number is None:
            number = self._next_confirmation()
        return None if number is None else self._handed_out(number)

    def waits(self) -> bool:
        """Whether something runs whose end may call for another trial, or that may come back itself."""
        return bool(self._live)

    def started(self, number: int, config_hash: str, epoch: int = 0) -> None:
        """A worker has written the trial's effective configuration, and goes on from a checkpoint of that epoch."""
        forgotten = any(reported > epoch for reported, _ in self.records[number].rungs)
        self._log.write({"event": "started", "number": number, "config_hash": config_hash, "epoch": epoch})
        if forgotten:  # Optuna cannot take a report back
            self._proposals.rebuild(self._log.events(), self.records)

    def rung(self, number: int, epoch: int, score: float | None, peak_gib: float | None = None) -> bool:
        """Records a rung; one that is on record already, as a trial repeats its checkpoint's, says nothing new.

        Args:
            number: of the trial.
            epoch: of the report.
            score: None where it is undefined.
            peak_gib: the most memory that the trial has held so far, where that is known.

        Returns:
            Whether the trial shall stop here; it is then on record as PRUNED, or, where time is used up, unfinished.
        """
        if any(reported == epoch for reported, _ in self.records[number].rungs):
            return False
        score = _defined(score)
        judgement = Judgement() if score is None else self._proposals.judge(number, epoch, score)
        reason = self._reason_to_stop(number, epoch, judgement.hopeless)
        # The end is on record with its cause: whatever kills this process, a resumed search ends the trial, too.
        more_gib = peak_gib if _clearly_more(peak_gib, self.records[number].peak_gib) else None
        details = _without_nothing({"pruner": dict(judgement.marks), "stop": reason, "peak_gib": more_gib})
        self._log.write({"event": "rung", "number": number, "epoch": epoch, "score": score, **details})
        if reason is not None:
            self._end(number, PRUNED, score, {"reason": reason})
            return True
        return self._keeps_for_later(number, epoch)

    def finished(self, number: int, score: float | None, summary: Mapping[str, object]) -> None:
        """A trial trained to its end; without a score it has failed."""
        score = _defined(score)
        if score is None:
            self.failed(number, "undefined score", "no class of the validation images has a score")
        else:
            self._end(number, COMPLETE, score, {"summary": ledger_part(summary)})

    def failed(
        self, number: int, kind: str, reason: str, fingerprint: str | None = None, peak_gib: float | None = None
    ) -> None:
        """A trial ended without a result; it is tried once more where half of its batch may fit.

        Args:
            number: of the trial.
            kind: see `trainables.failures`.
            reason: one line.
            fingerprint: equal for failures that came about in the same way.
            peak_gib: the most memory that it held.
        """
        record, reason = self.records[number], reason[:_LONGEST_REASON]
        halves = kind == OUT_OF_MEMORY and self.space.search.retry_out_of_memory
        parts = parts_after_out_of_memory(record, self._complete(record.params)) if halves else None
        if parts is not None:
            self._wait({"event": "retried", "number": number, "accumulate": parts, "reason": reason})
            return
        measured = _without_nothing({"fingerprint": fingerprint, "peak_gib": peak_gib})
        self._end(number, FAIL, None, {"kind": kind, "reason": reason, **measured})

    def lost(self, number: int, reason: str) -> None:
        """A trial's worker, or its node, is gone; the trial waits to go on from its checkpoint, or has failed."""
        epoch = checkpoint_epoch(self._log.trial(number))
        if goes_on_after_loss(self.records[number], epoch):
            self._wait({"event": "lost", "number": number, "epoch": epoch, "reason": reason[:_LONGEST_REASON]})
        else:
            self.failed(number, LOST_WORKER, f"{MOST_LOSSES} losses without a new checkpoint; the last: {reason}")

    def hand_back(self, number: int, reason: str) -> None:
        """A trial's worker was not free for it; the trial never began there, waits again, and has lost nothing."""
        epoch = checkpoint_epoch(self._log.trial(number))
        details = {"epoch": epoch, "reason": reason[:_LONGEST_REASON], "counts": False}
        self._wait({"event": "lost", "number": number, **details})

    def stop(self) -> None:
        """Says on record why this session ends."""
        self._log.write({"event": "stopped", "reason": self.why_over() or "interrupted"})

    def is_running(self, number: int) -> bool:
        """Whether the trial was handed out by this process, and neither ended nor waits to be handed out again."""
        return number in self._live

    def kept(self) -> list[TrialRecord]:
        """Trials that nobody runs and that are not at their end: a session with more time goes on with them."""
        return [self.records[number] for number in sorted(self._waiting)]

    def handed_out(self) -> list[int]:
        """The trials that were handed out by this process, and neither ended nor wait to be handed out again."""
        return sorted(self._live)

    def why_over(self) -> str | None:
        """Why the search has ended, in words; None while something is left to ask for or runs."""
        if self._live:
            return None
        if self.limits.time_is_up() is not None:
            return self.ending.why_halted()
        if self._waiting or (self._confirmations.missing() and not self.ending.why_halted()):
            return None
        return self.ending.why_nothing_new()

    def is_over(self) -> bool:
        """Whether nothing is left to ask for and nothing runs."""
        return self.why_over() is not None

    def best(self) -> TrialRecord | None:
        """The best COMPLETE trial so far, confirmations left out."""
        return next(iter(scored(self.records.values())), None)

    def _reason_to_stop(self, number: int, epoch: int, hopeless: bool) -> str | None:
        if self._is_last(number, epoch):
            return None  # all of the trial is paid for; stopping it would only throw its files away
        if hopeless:
            return "worse than the other trials at this epoch"
        enough = self._why_end_for_good(is_confirmation=self.records[number].confirms is not None)
        return None if enough is None else _ended(enough)

    def _why_end_for_good(self, *, is_confirmation: bool) -> str | None:
        """Why no session will go on with a trial; one that time stops is gone on with when there is more of it."""
        if self.limits.time_is_up() is not None:
            return self.ending.why_alike()
        return self.ending.why_halted() if is_confirmation else self.ending.why_enough()

    def _is_last(self, number: int, epoch: int) -> bool:
        return epoch >= int(str(self.records[number].params.get("epochs", self.space.search.epochs)))

    def _keeps_for_later(self, number: int, epoch: int) -> bool:
        """Stops a trial when time is used up: what it has trained is kept, and a session with more time goes on."""
        if self._is_last(number, epoch) or self.limits.time_is_up() is None:
            return False
        self._live.discard(number)
        self._waiting.append(number)
        return True

    def _end_cut_short(self) -> None:
        """Ends trials that were told to stop just before this search was killed."""
        while self._log.cut_short:
            report = self._log.cut_short.pop()
            number, score = int(str(report["number"])), report["score"]
            self._waiting.remove(number)
            self._end(number, PRUNED, None if score is None else float(str(score)), {"reason": report["stop"]})

    def _drop_waiting(self, why: str) -> None:
        """Ends what nobody will run again: nothing stays RUNNING. Confirmations come after the search proper."""
        halted = self.ending.why_halted() is not None
        for number in [one for one in self._waiting if halted or self.records[one].confirms is None]:
            self._waiting.remove(number)
            rungs = self.records[number].rungs
            self._end(number, PRUNED, rungs[-1][1] if rungs else None, {"reason": _ended(why)})

    def _next_confirmation(self) -> int | None:
        """A training that confirms one of the best, once the search itself is over."""
        searching = any(self.records[number].confirms is None for number in self._live)
        return None if searching or self.ending.why_halted() else self._confirmations.begin()

    def _wait(self, event: Event) -> None:
        """Has a trial handed out again, because of this event."""
        self._log.write(event)
        number = int(str(event["number"]))
        self._live.discard(number)
        self._waiting.append(number)

    def _handed_out(self, number: int) -> Asked:
        self._live.add(number)
        record = self.records[number]
        return Asked(number, record.params, record.accumulate, record.seed, [epoch for epoch, _ in record.rungs])

    def _end(self, number: int, state: str, score: float | None, details: Mapping[str, object]) -> None:
        self._log.write({"event": "finished", "number": number, "state": state, "score": score, **details})
        self._live.discard(number)
        self._proposals.tell(number, state, score, self.records[number].kind)


def _without_nothing(details: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in details.items() if value not in (None, {})}


def _clearly_more(peak_gib: float | None, known_gib: float | None) -> bool:
    """Whether a peak is worth a place in the ledger: what a process holds creeps up with every epoch."""
    return peak_gib is not None and (known_gib is None or peak_gib > _CREEP * known_gib)


def _ended(why: str) -> str:
    return f"the search has ended: {why}"


def _defined(score: float | None) -> float | None:
    """None for what is no number, too: neither a ledger nor a pruner can do anything with it."""
    return score if score is not None and math.isfinite(score) else None
