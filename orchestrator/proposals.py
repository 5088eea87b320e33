"""Optuna's side of a search: points are proposed, reports judged and ends told, on a study that lives in memory.

The study is rebuilt from the ledger; its numbers are the ledger's. What a proposal becomes, and what goes on record, is
`orchestrator.study`'s business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import optuna

from orchestrator.frozen_trials import INFEASIBLE, number_keeper, optuna_state, rebuilt_trials, says_infeasible
from orchestrator.optuna_parts import ask_seed, build_pruner, build_sampler
from orchestrator.samplers import FreshSampler
from results.ledger import COMPLETE, KNOWN, SAMPLER, TrialRecord
from search_spaces.sampling import distributions_of, known_points, suggest
from search_spaces.space import Space

# Fixed: Hyperband's brackets hash the study's name, so a rebuilt study must carry the same one.
STUDY_NAME = "search"
_PRUNER_ATTRIBUTE = "completed_rung_"
_LEFT = "left"

Event = Mapping[str, object]
Point = Mapping[str, object]


@dataclass(frozen=True)
class Proposal:
    """A point that Optuna proposes.

    Attributes:
        trial: Optuna's, to be told how it ended.
        params: the complete point.
        source: who proposed it: KNOWN or SAMPLER.
    """

    trial: optuna.Trial
    params: Point
    source: str

    @property
    def number(self) -> int:
        """The trial's number in the search."""
        return self.trial.number


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
        sampler = FreshSampler(partial(build_sampler, space.search, seed))
        self._study = optuna.create_study(
            study_name=STUDY_NAME, direction="maximize", sampler=sampler, pruner=build_pruner(space.search)
        )
        for frozen in rebuilt_trials(space, events, records):
            self._study.add_trial(frozen)
        taken = sum(1 for event in events if event.get("from") == KNOWN)
        for point in known_points(space)[taken:]:
            self._study.enqueue_trial(point)

    def ask(self) -> Proposal:
        """The next point: unfinished trials first, then known points, then the sampler's."""
        trial = self._study.ask()
        return Proposal(trial, suggest(self._space, trial), self._source(trial))

    def choice(self) -> int:
        """A number for the next ask, drawn from the seed: picks a point where the sampler finds no new one."""
        return ask_seed(self._seed, self._next_number())

    def put_first(self, point: Point) -> None:
        """Makes the next ask propose this point."""
        searched = {name: point[name] for name in distributions_of(self._space, point)}
        self._study.enqueue_trial(searched, user_attrs={_LEFT: True})

    def judge(self, trial: optuna.Trial, epoch: int, score: float) -> bool:
        """Reports a rung.

        Returns:
            Whether the pruner holds the trial for hopeless.
        """
        trial.report(score, epoch)
        return trial.should_prune()

    def tell(self, trial: optuna.Trial, state: str, score: float | None, kind: str | None) -> None:
        """Says how a trial ended; see `orchestrator.frozen_trials` for what a failure becomes."""
        if says_infeasible(state, kind):
            trial.set_constraint(INFEASIBLE, 1.0)
        self._study.tell(trial, score if state == COMPLETE else None, optuna_state(state, kind))

    def take_number(self) -> int:
        """A number for a training that no sampler shall learn from."""
        number = self._next_number()
        self._study.add_trial(number_keeper())
        return number

    def marks(self, number: int) -> dict[str, object]:
        """What the pruner noted on a trial; without it a rebuilt study would promote everything."""
        attributes = self._study.get_trials(deepcopy=False)[number].system_attrs
        return {name: value for name, value in attributes.items() if name.startswith(_PRUNER_ATTRIBUTE)}

    def _next_number(self) -> int:
        return len(self._study.get_trials(deepcopy=False))

    def _source(self, trial: optuna.Trial) -> str:
        frozen = self._study.get_trials(deepcopy=False)[trial.number]
        return KNOWN if "fixed_params" in frozen.system_attrs and _LEFT not in frozen.user_attrs else SAMPLER
