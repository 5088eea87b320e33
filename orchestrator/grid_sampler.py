"""The grid: every point of a space once, in the order in which `search_spaces.points` lists them.

The next point is the first that no trial has, so that a resumed search goes on where it stopped. Spaces with a
continuum are refused at load. Nothing is drawn.
"""

import json
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from search_spaces.points import default_point, every_point
from search_spaces.sampling import searched_values
from search_spaces.space import Space


class GridSampler(BaseSampler):
    """Walks a space's points; beyond the last of them it repeats the default point, which the caller turns away.

    Args:
        space: whose keys all have separate values.
    """

    def __init__(self, space: Space) -> None:
        self._last = searched_values(space, default_point(space))
        self._points = (searched_values(space, point) for point in every_point(space))
        self._taken: set[str] = set()
        self._looked_at = 0
        self._next: dict[str, Any] = {}
        self._number = -1

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Nothing: each key asks for its part of the point."""
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Nothing, see above."""
        return {}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """The value of the trial's point."""
        if trial.number != self._number:  # a known point asks for nothing, and uses up nothing
            self._number, self._next = trial.number, self._next_point(study, trial.number)
        return self._next[param_name]

    def _next_point(self, study: optuna.Study, number: int) -> dict[str, Any]:
        # `get_trials` of a Hyperband study shows one bracket only.
        earlier = study._get_trials(deepcopy=False)[self._looked_at : number]
        self._taken |= {_text(trial.params) for trial in earlier}
        self._looked_at = number
        return next((point for point in self._points if _text(point) not in self._taken), self._last)


def _text(values: Mapping[str, Any]) -> str:
    return json.dumps(values, sort_keys=True)
