"""The search's memory and judgement: what to run next, whether a trial goes on, what the ledger says.

Optuna proposes and prunes (`orchestrator.proposals`), twins are known by what they build (`orchestrator.repeats`), the
budget says when it is enough (`orchestrator.budget`); this module brings them together. Every event goes to the ledger
first, and all of them are rebuilt from there. Ray Tune only obeys. It knows neither ray nor torch, so it can be driven
by a test.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import optuna

from orchestrator.budget import Budget, Limits
from orchestrator.confirmation import Confirmation, missing_confirmations
from orchestrator.proposals import Proposal, Proposals
from orchestrator.repeats import Tried
from results.ledger import COMPLETE, CONFIRMATION, FAIL, PRUNED, RUNNING, Ledger, TrialRecord, apply_event, trials_of
from results.trial_summary import ledger_part
from search_spaces.space import Space

_MOST_REPEATS = 200
# Samplers repeat themselves on discrete spaces; after this many repeats in a row a point is picked among those left.
_REPEATS_BORNE = 10

Point = Mapping[str, object]
Event = Mapping[str, object]


@dataclass(frozen=True)
class Asked:
    """A trial to run.

    Attributes:
        number: of the trial.
        params: its point.
        seed: of its training; None for the one that follows from the number.
    """

    number: int
    params: Point
    seed: int | None = None


class Study:
    """One search: asked from one thread, the driver's.

    Args:
        space: what may vary.
        ledger: open for writing; every event is appended before it takes effect. Its clock is the search's.
        events: what the ledger already holds.
        budget: when to stop asking.
        seed: of the sampler; each ask draws from the seed and the trial's number.
        tried: tells twins apart, made for this search alone; by default two points are one when they are equal.
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
        self.records: dict[int, TrialRecord] = trials_of(events)
        self._ledger = ledger
        self._tried = Tried(space) if tried is None else tried
        self._proposals = Proposals(space, seed, events, self.records)
        self._seed = seed
        self._live: dict[int, optuna.Trial | None] = {}  # None for a confirmation, which Optuna knows nothing of
        # On record as RUNNING, and left by a killed session: they are handed out again, before anything new.
        self._unfinished = {
            number for number, one in self.records.items() if one.state == RUNNING and one.confirms is None
        }
        self._observers: list[Callable[[Study, Event], None]] = []
        for event in events:
            self._remember(event)

    def subscribe(self, observer: Callable[["Study", Event], None]) -> None:
        """Calls `observer` after every event with the event as it was recorded; it must be quick."""
        self._observers.append(observer)

    def resume(self, terms: Mapping[str, object]) -> None:
        """Begins another session of a search that is on record; `terms` are what it is resumed with."""
        self._record({"event": "resumed", **terms})

    def next(self) -> Asked | None:
        """The next trial to run; None when there is none now, or, unless the study `waits`, none any more."""
        enough = self.limits.enough()
        if enough is not None:
            self._drop_unfinished(enough)
        elif self.limits.allow_trial() or self._unfinished:
            asked = self._ask_something_new()
            if asked is not None:
                return asked
        return self._next_confirmation()

    def waits(self) -> bool:
        """Whether something runs whose end may call for another trial."""
        return bool(self._live)

    def started(self, number: int, config_hash: str) -> None:
        """A worker has written the trial's effective configuration."""
        self._record({"event": "started", "number": number, "config_hash": config_hash})

    def rung(self, number: int, epoch: int, score: float | None) -> bool:
        """Records a rung.

        Returns:
            Whether the trial shall stop here; it is then on record as PRUNED.
        """
        score = _defined(score)
        trial = self._live[number]
        hopeless = trial is not None and score is not None and self._proposals.judge(trial, epoch, score)
        marks = {} if trial is None else self._proposals.marks(number)
        event = {"event": "rung", "number": number, "epoch": epoch, "score": score}
        self._record({**event, "pruner": marks} if marks else event)
        reason = self._reason_to_stop(number, epoch, hopeless)
        if reason is not None:
            self._end(number, PRUNED, score, {"reason": reason})
        return reason is not None

    def finished(self, number: int, score: float | None, summary: Mapping[str, object]) -> None:
        """A trial trained to its end; without a score it has failed."""
        score = _defined(score)
        if score is None:
            self.failed(number, "undefined score", "no class of the validation images has a score")
        else:
            self._end(number, COMPLETE, score, {"summary": ledger_part(summary)})

    def failed(self, number: int, kind: str, reason: str) -> None:
        """A trial ended without a result."""
        self._end(number, FAIL, None, {"kind": kind, "reason": reason[:1000]})

    def stop(self) -> None:
        """Says on record why this session ends."""
        self._record({"event": "stopped", "reason": self.why_over() or "interrupted"})

    def is_running(self, number: int) -> bool:
        """Whether the trial was handed out by this process and has no end yet."""
        return number in self._live

    def why_over(self) -> str | None:
        """Why the search has ended, in words; None while something is left to ask for or runs."""
        if self._live or self._unfinished or self._missing_confirmations():
            return None
        return self.limits.why_over()

    def is_over(self) -> bool:
        """Whether nothing is left to ask for and nothing runs."""
        return self.why_over() is not None

    def best(self) -> TrialRecord | None:
        """The best COMPLETE trial so far."""
        complete = [record for record in self.records.values() if record.state == COMPLETE]
        return max(complete, key=lambda record: record.score or 0.0, default=None)

    def _reason_to_stop(self, number: int, epoch: int, hopeless: bool) -> str | None:
        record = self.records[number]
        if epoch >= int(str(record.params.get("epochs", self.space.search.epochs))):
            return None  # all of the trial is paid for; stopping it would only throw its files away
        enough = self.limits.enough() if record.confirms is None else self.limits.used_up()
        if enough is not None:
            return _ended(enough)
        return "worse than the other trials at this epoch" if hopeless else None

    def _drop_unfinished(self, why: str) -> None:
        """Ends what a killed session left and nobody will run again: nothing stays RUNNING."""
        while self._unfinished:
            asked = self._handed_out(self._proposals.ask())
            if asked is not None:
                self._drop(asked.number, why)
        confirming = [one for one in self.records.values() if one.state == RUNNING and one.number not in self._live]
        for record in confirming if self.limits.used_up() else ():
            self._live[record.number] = None
            self._drop(record.number, why)

    def _drop(self, number: int, why: str) -> None:
        rungs = self.records[number].rungs
        self._end(number, PRUNED, rungs[-1][1] if rungs else None, {"reason": _ended(why)})

    def _missing_confirmations(self) -> list[Confirmation]:
        seeds = self.space.search.confirm
        missing = missing_confirmations(self.records, seeds, self._seed, self._live) if seeds else []
        return [] if missing and self.limits.used_up() else missing

    def _next_confirmation(self) -> Asked | None:
        """A training that confirms one of the best, once the search itself is over."""
        searching = any(self.records[number].confirms is None for number in self._live)
        missing = [] if searching else self._missing_confirmations()
        if not missing:
            return None
        first = missing[0]
        number = self._proposals.take_number() if first.number is None else first.number
        if first.number is None:
            event = {"event": "asked", "number": number, "params": dict(first.params), "from": CONFIRMATION}
            self._record({**event, "confirms": first.confirms, "seed": first.seed})
        self._live[number] = None
        return Asked(number, first.params, first.seed)

    def _ask_something_new(self) -> Asked | None:
        for repeats in range(_MOST_REPEATS):
            if self._tried.is_used_up() and not self._unfinished:
                self.limits.declare_enough("every point of the space is tried")
                return None
            if repeats == _REPEATS_BORNE:
                self._propose_untried()
            proposal = self._proposals.ask()
            asked = self._handed_out(proposal)
            if asked is not None:
                return asked
        self.limits.declare_enough(f"the sampler proposed nothing new {_MOST_REPEATS} times in a row")
        return None

    def _propose_untried(self) -> None:
        untried = self._tried.untried(self._proposals.choice())
        if untried is not None:
            self._proposals.put_first(untried)

    def _handed_out(self, proposal: Proposal) -> Asked | None:
        """The proposal as a trial to run; None for a repeat, which is answered."""
        number, params = proposal.number, proposal.params
        if number not in self.records:
            identity = self._tried.identity(params)
            twin = self._tried.twin(identity)
            if twin is not None:
                self._answer(proposal, self.records[twin])
                return None
            event = {"event": "asked", "number": number, "params": dict(params), "from": proposal.source}
            self._record({**event, "identity": identity})
        self._unfinished.discard(number)
        self._live[number] = proposal.trial
        return Asked(number, params)

    def _answer(self, proposal: Proposal, twin: TrialRecord) -> None:
        """Tells Optuna what is already known of a point; nothing is trained twice."""
        # A twin that still runs says nothing yet: FAIL is the one state that no sampler learns from.
        state = FAIL if twin.state == RUNNING else twin.state
        event = {"event": "answered", "number": proposal.number, "params": dict(proposal.params)}
        known = {"as": twin.number, "state": state, "score": twin.score, "kind": twin.kind}
        self._record({**event, "from": proposal.source, **known})
        self._proposals.tell(proposal.trial, state, twin.score, twin.kind)

    def _end(self, number: int, state: str, score: float | None, details: Mapping[str, object]) -> None:
        self._record({"event": "finished", "number": number, "state": state, "score": score, **details})
        trial = self._live.pop(number)
        if trial is not None:
            self._proposals.tell(trial, state, score, self.records[number].kind)

    def _record(self, event: Event) -> None:
        recorded = self._ledger.append(event)
        apply_event(self.records, recorded)
        self.limits.note(recorded)
        self._remember(recorded)
        for observer in self._observers:
            observer(self, recorded)

    def _remember(self, event: Event) -> None:
        if event["event"] in ("asked", "answered") and event.get("from") != CONFIRMATION:
            self._tried.note(event)


def _ended(why: str) -> str:
    return f"the search has ended: {why}"


def _defined(score: float | None) -> float | None:
    """None for what is no number, too: neither a ledger nor a pruner can do anything with it."""
    return score if score is not None and math.isfinite(score) else None
