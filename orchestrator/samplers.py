"""Samplers around Optuna's own: one made anew for each ask and shown a bounded history, and a quicker TPE.

They propose nothing themselves. Which sampler a search has is decided in `orchestrator.optuna_parts`.
"""

from collections.abc import Callable
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from orchestrator.history import History, SeenStudy


class FreshSampler(BaseSampler):
    """Asks a sampler that is made for this ask alone, and shows it what `orchestrator.history` leaves of the trials.

    A fresh sampler for each ask, seeded from the search's seed and the trial's number: a resumed search then proposes
    what an uninterrupted one would have, without replaying the random state.

    Args:
        make: a sampler for the trial of this number.
    """

    def __init__(self, make: Callable[[int], BaseSampler]) -> None:
        self._make = make
        self._history = History()
        self._inner: BaseSampler | None = None
        self._shown: optuna.Study | None = None

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Begins an ask."""
        self._inner = self._make(trial.number)
        # `get_trials` of a Hyperband study shows one bracket only; Optuna's samplers look past it, too.
        self._shown = SeenStudy(study, self._history.seen(study._get_trials(deepcopy=False)))
        self._inner.before_trial(self._shown, trial)

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """See `optuna.samplers.BaseSampler`."""
        inner, shown = self._asked()
        return inner.infer_relative_search_space(shown, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """See `optuna.samplers.BaseSampler`."""
        inner, shown = self._asked()
        return inner.sample_relative(shown, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """See `optuna.samplers.BaseSampler`."""
        inner, shown = self._asked()
        return inner.sample_independent(shown, trial, param_name, param_distribution)

    def _asked(self) -> tuple[BaseSampler, optuna.Study]:
        if self._inner is None or self._shown is None:
            raise RuntimeError("a sampler is asked about a trial after `before_trial`, which Optuna calls first")
        return self._inner, self._shown


class CommonTpeSampler(TPESampler):
    """TPE for a study in which a name always has the same distribution, as one space gives it.

    Optuna compares the distributions of all trials to find those that every one has, which takes half of an ask.
    """

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """What all ended trials have, by name in alphabetical order."""
        ended = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        common = set(ended[-1].distributions) if ended else set()
        for one in ended:
            common &= one.distributions.keys()
        found = {name: ended[-1].distributions[name] for name in sorted(common)}
        return {name: distribution for name, distribution in found.items() if not distribution.single()}
