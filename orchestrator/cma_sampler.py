"""CMA-ES over ranges: a state that is computed anew from the complete trials, never stored.

Optuna's own keeps its state in attributes of the trials, too large for a ledger, and a resumed search would begin at
the beginning. Here the complete trials, in the order of their numbers, are the generations; what is proposed next
depends on them and on the trial's number alone. Keys that are choices or have conditions are refused at load.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import cmaes
import numpy as np
import numpy.typing as npt
import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, TrialState

_WIDTH = 1 / 6  # of the first generation, in shares of each range; Optuna's choice
_CENTRE = 0.5

Distribution = FloatDistribution | IntDistribution


class CmaSampler(BaseSampler):
    """Proposes points around those that scored best, from a normal distribution that it adapts.

    Args:
        distributions: what is searched, by label; two or more.
        seed_of: the seed of the ask for a trial of this number.
    """

    def __init__(self, distributions: Mapping[str, Distribution], seed_of: Callable[[int], int]) -> None:
        self._distributions = dict(distributions)
        self._seed_of = seed_of
        self._told: list[int] = []
        self._cma = self._beginning()

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Everything that is searched."""
        return dict(self._distributions)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """A point; see `optuna.samplers.BaseSampler`."""
        self._learn(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
        self._cma.reseed_rng(self._seed_of(trial.number))
        shares = self._cma.ask()
        return {
            label: value_at(distribution, float(share))
            for (label, distribution), share in zip(self._distributions.items(), shares, strict=True)
        }

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A key that was not searched when the sampler was made; at random."""
        sampler = RandomSampler(self._seed_of(trial.number))
        return sampler.sample_independent(study, trial, param_name, param_distribution)

    def _learn(self, complete: Sequence[FrozenTrial]) -> None:
        """Hands over the generations that are full, from the first one again where an older trial has joined them."""
        numbers = [trial.number for trial in complete]
        if numbers[: len(self._told)] != self._told:
            self._cma, self._told = self._beginning(), []
        size = self._cma.population_size
        for first in range(len(self._told), len(complete) - size + 1, size):
            self._cma.tell([(self._shares(trial), -_score(trial)) for trial in complete[first : first + size]])
            self._told = numbers[: first + size]

    def _beginning(self) -> cmaes.CMA:
        count = len(self._distributions)
        bounds = np.array([[0.0, 1.0]] * count)
        return cmaes.CMA(mean=np.full(count, _CENTRE), sigma=_WIDTH, bounds=bounds, seed=0)

    def _shares(self, trial: FrozenTrial) -> npt.NDArray[np.float64]:
        params = trial.params
        return np.array([share_at(one, params[label]) for label, one in self._distributions.items()])


def share_at(distribution: Distribution, value: float) -> float:
    """Where a value lies between the ends of its range, 0 to 1; logarithmic ranges by their logarithm."""
    low, high = _ends(distribution)
    place = math.log(value) if distribution.log else value
    return (place - low) / (high - low)


def value_at(distribution: Distribution, share: float) -> float:
    """The value of the range that lies at a share of it; the inverse of `share_at`, on the range's grid."""
    low, high = _ends(distribution)
    place = low + share * (high - low)
    value = math.exp(place) if distribution.log else place
    if distribution.step is not None:
        value = distribution.low + round((value - distribution.low) / distribution.step) * distribution.step
    kept = min(max(value, distribution.low), distribution.high)
    return round(kept) if isinstance(distribution, IntDistribution) else kept


def _ends(distribution: Distribution) -> tuple[float, float]:
    """The ends as the state counts them: half a step further out, so that outer values have the room of the others."""
    half = 0.0 if distribution.step is None else distribution.step / 2
    low, high = distribution.low - half, distribution.high + half
    return (math.log(low), math.log(high)) if distribution.log else (low, high)


def _score(trial: FrozenTrial) -> float:
    if trial.value is None:
        raise ValueError(f"a complete trial has a score, trial {trial.number} has none")
    return trial.value
