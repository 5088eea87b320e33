"""The search's memory and judgement: what to run next, whether a trial goes on, what the ledger says.

Optuna proposes and prunes on a study that lives in memory; every event goes to the ledger first, and the study is
rebuilt from there. Ray Tune only obeys. This module knows neither ray nor torch, so it can be driven by a test.
"""

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import optuna

from orchestrator.frozen_trials import INFEASIBLE, optuna_state, rebuilt_trials, says_infeasible
from orchestrator.optuna_parts import ask_seed, build_pruner, build_sampler
from results.ledger import COMPLETE, FAIL, PRUNED, RUNNING, Ledger, TrialRecord, apply_event, trials_of
from results.trial_summary import ledger_part
from search_spaces.points import distinct_points, every_point
from search_spaces.sampling import distributions_of, known_points, suggest
from search_spaces.space import Space

# Fixed: Hyperband's brackets hash the study's name, so a rebuilt study must carry the same one.
STUDY_NAME = "search"
_PRUNER_ATTRIBUTE = "completed_rung_"
_MOST_REPEATS = 200
# Samplers repeat themselves on discrete spaces; after this many repeats in a row a point is picked among those left.
_PATIENCE = 10
_MOST_LEFT = 10_000  # that are listed to pick one
_LEFT = "left"

Point = Mapping[str, object]


@dataclass(frozen=True)
class Asked:
    """A trial to run."""

    number: int
    params: Point


@dataclass(frozen=True)
class Budget:
    """When a search ends.

    Attributes:
        trials: all trials of the search, resumed and failed ones too; answered duplicates do not count.
        deadline: on `time.monotonic`'s clock, or None.
    """

    trials: int
    deadline: float | None = None

    def out_of_time(self) -> bool:
        """Whether the deadline has passed."""
        return self.deadline is not None and time.monotonic() >= self.deadline


class Study:
    """One search: asked from one thread, the driver's.

    Args:
        space: what may vary.
        ledger: open for writing; every event is appended before it takes effect.
        events: what the ledger already holds.
        budget: when to stop asking.
        seed: of the sampler; each ask draws from the seed and the trial's number.
    """

    def __init__(
        self, space: Space, ledger: Ledger, events: Sequence[Mapping[str, object]], budget: Budget, seed: int
    ) -> None:
        self.space = space
        self.budget = budget
        self.records: dict[int, TrialRecord] = trials_of(events)
        self._ledger = ledger
        self._seed = seed
        self._live: dict[int, optuna.Trial] = {}
        self._observers: list[Callable[[Study], None]] = []
        self._points = distinct_points(space)
        self._exhausted = False
        self._study = self._rebuilt(events)

    def subscribe(self, observer: Callable[["Study"], None]) -> None:
        """Calls `observer` after every change; it must be quick."""
        self._observers.append(observer)

    def next(self) -> Asked | None:
        """The next trial to run, or None when the budget or the space is used up."""
        if self.budget.out_of_time() or self._exhausted:
            return None
        if len(self.records) >= self.budget.trials and not self._has_unfinished():
            return None
        return self._ask_something_new()

    def started(self, number: int, config_hash: str) -> None:
        """A worker has written the trial's effective configuration."""
        self._record({"event": "started", "number": number, "config_hash": config_hash})

    def rung(self, number: int, epoch: int, score: float | None) -> bool:
        """Records a rung.

        Returns:
            Whether the trial shall stop here; it is then on record as PRUNED.
        """
        trial, score = self._live[number], _defined(score)
        hopeless = False
        if score is not None:
            trial.report(score, epoch)
            hopeless = trial.should_prune()
        self._record({"event": "rung", "number": number, "epoch": epoch, "score": score, **self._pruner_marks(number)})
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

    def is_running(self, number: int) -> bool:
        """Whether the trial was handed out by this process and has no end yet."""
        return number in self._live

    def is_over(self) -> bool:
        """Whether nothing is left to ask for and nothing runs."""
        done = all(record.state != RUNNING for record in self.records.values())
        return done and (self._exhausted or self.budget.out_of_time() or len(self.records) >= self.budget.trials)

    def best(self) -> TrialRecord | None:
        """The best COMPLETE trial so far."""
        complete = [record for record in self.records.values() if record.state == COMPLETE]
        return max(complete, key=lambda record: record.score or 0.0, default=None)

    def _reason_to_stop(self, number: int, epoch: int, hopeless: bool) -> str | None:
        if epoch >= int(str(self.records[number].params.get("epochs", self.space.search.epochs))):
            return None  # all of the trial is paid for; stopping it would only throw its files away
        if self.budget.out_of_time():
            return "the search's time is used up"
        return "worse than the other trials at this epoch" if hopeless else None

    def _has_unfinished(self) -> bool:
        return any(record.state == RUNNING and record.number not in self._live for record in self.records.values())

    def _ask_something_new(self) -> Asked | None:
        for repeats in range(_MOST_REPEATS):
            if self._is_used_up():
                break
            if repeats == _PATIENCE and self._points is not None:
                self._enqueue_untried()
            trial = self._ask()
            params = suggest(self.space, trial)
            earlier = self._same_point(params, trial.number)
            if earlier is None:
                return self._hand_out(trial, params)
            self._answer(trial, params, earlier)
        self._exhausted = True
        return None

    def _is_used_up(self) -> bool:
        if self._has_unfinished() or self._points is None:
            return False
        return len({canonical(record.params) for record in self.records.values()}) >= self._points

    def _enqueue_untried(self) -> None:
        tried = {canonical(record.params) for record in self.records.values()}
        untried = (point for point in every_point(self.space) if canonical(point) not in tried)
        left = list(islice(untried, _MOST_LEFT))
        if not left:
            return
        number = len(self._study.get_trials(deepcopy=False))
        point = left[ask_seed(self._seed, number) % len(left)]
        searched = {name: point[name] for name in distributions_of(self.space, point)}
        self._study.enqueue_trial(searched, user_attrs={_LEFT: True})

    def _ask(self) -> optuna.Trial:
        number = len(self._study.get_trials(deepcopy=False))
        self._study.sampler = build_sampler(self.space.search, self._seed, number)
        return self._study.ask()

    def _same_point(self, params: Point, number: int) -> TrialRecord | None:
        wanted = canonical(params)
        same = (record for record in self.records.values() if canonical(record.params) == wanted)
        return next((record for record in same if record.number != number), None)

    def _hand_out(self, trial: optuna.Trial, params: Point) -> Asked:
        self._live[trial.number] = trial
        if trial.number not in self.records:
            event = {"event": "asked", "number": trial.number, "params": dict(params)}
            self._record({**event, "from": self._source(trial)})
        return Asked(trial.number, params)

    def _answer(self, trial: optuna.Trial, params: Point, earlier: TrialRecord) -> None:
        """Tells Optuna what is already known of a point; nothing is trained twice."""
        # A twin that still runs says nothing yet: FAIL is the one state that no sampler learns from.
        state = FAIL if earlier.state == RUNNING else earlier.state
        event = {"event": "answered", "number": trial.number, "params": dict(params), "from": self._source(trial)}
        self._record({**event, "as": earlier.number, "state": state, "score": earlier.score, "kind": earlier.kind})
        self._tell(trial, state, earlier.score, earlier.kind)

    def _source(self, trial: optuna.Trial) -> str:
        frozen = self._study.get_trials(deepcopy=False)[trial.number]
        return "known" if "fixed_params" in frozen.system_attrs and _LEFT not in frozen.user_attrs else "sampler"

    def _end(self, number: int, state: str, score: float | None, details: Mapping[str, object]) -> None:
        self._record({"event": "finished", "number": number, "state": state, "score": score, **details})
        self._tell(self._live.pop(number), state, score, self.records[number].kind)

    def _tell(self, trial: optuna.Trial, state: str, score: float | None, kind: str | None) -> None:
        if says_infeasible(state, kind):
            trial.set_constraint(INFEASIBLE, 1.0)
        self._study.tell(trial, score if state == COMPLETE else None, optuna_state(state, kind))

    def _record(self, event: Mapping[str, object]) -> None:
        self._ledger.append(event)
        apply_event(self.records, event)
        for observer in self._observers:
            observer(self)

    def _pruner_marks(self, number: int) -> dict[str, object]:
        attributes = self._study.get_trials(deepcopy=False)[number].system_attrs
        marks = {name: value for name, value in attributes.items() if name.startswith(_PRUNER_ATTRIBUTE)}
        return {"pruner": marks} if marks else {}

    def _rebuilt(self, events: Sequence[Mapping[str, object]]) -> optuna.Study:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(study_name=STUDY_NAME, direction="maximize", pruner=build_pruner(self.space.search))
        for frozen in rebuilt_trials(self.space, events, self.records):
            study.add_trial(frozen)
        taken = sum(1 for event in events if event.get("from") == "known")
        for point in known_points(self.space)[taken:]:
            study.enqueue_trial(point)
        return study


def _defined(score: float | None) -> float | None:
    """None for what is no number, too: neither a ledger nor a pruner can do anything with it."""
    return score if score is not None and math.isfinite(score) else None


def canonical(params: Point) -> str:
    """One text for one point, whatever the order of its keys."""
    return json.dumps(params, sort_keys=True)
