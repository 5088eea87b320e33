"""Optuna's side of a search: points are proposed, reports judged and ends told, on a study that lives in memory.

The study is rebuilt from the ledger; its numbers are the ledger's. What a proposal becomes, and what goes on record, is
`orchestrator.study`'s business.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import optuna
from optuna.trial import TrialState

from orchestrator.frozen_trials import (
    INFEASIBLE,
    PRUNER_MARK,
    number_keeper,
    optuna_state,
    rebuilt_trials,
    says_infeasible,
)
from orchestrator.optuna_parts import ask_seed, build_pruner, build_sampler
from results.trial_records import COMPLETE, KNOWN, SAMPLER, TrialRecord
from search_spaces.sampling import searched_values, suggest
from search_spaces.space import Space

# Fixed: Hyperband's brackets hash the study's name, so a rebuilt study must carry the same one.
STUDY_NAME = "search"

Event = Mapping[str, object]
Point = Mapping[str, object]


@dataclass(frozen=True)
class Proposal:
    """A point that Optuna proposes.

    Attributes:
        number: of the trial that it may become.
        params: the complete point.
        source: who proposed it: KNOWN or SAMPLER.
    """

    number: int
    params: Point
    source: str


@dataclass(frozen=True)
class Judgement:
    """What the pruner makes of a report.

    Attributes:
        hopeless: whether the trial shall stop.
        marks: what the pruner noted on the trial at this report.
    """

    hopeless: bool = False
    marks: Mapping[str, object] = field(default_factory=dict)


class Proposals:
    """Asks and tells one Optuna study.

    Args:
        space: what may vary.
        seed: of the sampler; each ask draws from the seed and the trial's number.
        events: what the ledger already holds.
        records: what they say of each trial.
    """

    def __init__(self, space: Space, seed: int, events: Sequence[Event], records: Mapping[int, TrialRecord]) -> None:
        self._space = space
        self._seed = seed
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.rebuild(events, records)

    def rebuild(self, events: Sequence[Event], records: Mapping[int, TrialRecord]) -> None:
        """Forgets everything and learns it again from the ledger."""
        sampler = build_sampler(self._space, self._seed)
        self._study = optuna.create_study(
            study_name=STUDY_NAME, direction="maximize", sampler=sampler, pruner=build_pruner(self._space.search)
        )
        for frozen in rebuilt_trials(self._space, events, records):
            self._study.add_trial(frozen)
        self._open: dict[int, optuna.Trial] = {
            trial.number: optuna.Trial(self._study, trial._trial_id)
            for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        }
        suggested = (event["params"] for event in events if event["event"] == "known")
        points = [*self._space.known, *(point for point in suggested if isinstance(point, Mapping))]
        taken = sum(1 for event in events if event.get("from") == KNOWN)
        self._known: deque[Point] = deque(points[taken:])
        self._chosen: Point | None = None

    def ask(self) -> Proposal:
        """The next point: known points first, then the sampler's."""
        source = KNOWN if self._chosen is None and self._known else SAMPLER
        given = self._known.popleft() if source == KNOWN else self._chosen
        self._chosen = None
        if given is not None:
            self._study.enqueue_trial(searched_values(self._space, given))
        trial = self._study.ask()
        self._open[trial.number] = trial
        return Proposal(trial.number, suggest(self._space, trial), source)

    def choice(self) -> int:
        """A number for the next ask, drawn from the seed: picks a point where the sampler finds no new one."""
        return ask_seed(self._seed, self._next_number())

    def put_first(self, point: Point) -> None:
        """Makes the next ask propose this point, before any known one."""
        self._chosen = point

    def add_known(self, point: Point) -> None:
        """Has a point proposed after the known ones."""
        self._known.append(point)

    def judge(self, number: int, epoch: int, score: float) -> Judgement:
        """Reports a rung of a trial to the pruner and hears what it thinks; nothing of what no sampler learns from."""
        trial = self._open.get(number)
        if trial is None:
            return Judgement()
        before = self._marks(number)
        trial.report(score, epoch)
        hopeless = trial.should_prune()
        return Judgement(hopeless, {name: mark for name, mark in self._marks(number).items() if name not in before})

    def tell(self, number: int, state: str, score: float | None, kind: str | None) -> None:
        """Says how a trial ended; see `orchestrator.frozen_trials` for what a failure becomes."""
        trial = self._open.pop(number, None)
        if trial is None:
            return  # a number that was taken: nobody learns from it
        if says_infeasible(state, kind):
            trial.set_constraint(INFEASIBLE, 1.0)
        self._study.tell(trial, score if state == COMPLETE else None, optuna_state(state, kind))

    def take_number(self) -> int:
        """A number for a training that no sampler shall learn from."""
        number = self._next_number()
        self._study.add_trial(number_keeper())
        return number

    def _marks(self, number: int) -> dict[str, object]:
        attributes = self._study.get_trials(deepcopy=False)[number].system_attrs
        return {name: value for name, value in attributes.items() if name.startswith(PRUNER_MARK)}

    def _next_number(self) -> int:
        return len(self._study.get_trials(deepcopy=False))
