"""What a sampler sees of a long search: every trial at first, then the best, the newest and a sample of the others.

TPE models the best 25 trials against all others, and the time of an ask grows with their number. The best are always
seen, and a few hundred of the others describe them as well as thousands do. What is seen depends on the trials alone,
so a resumed search proposes what an uninterrupted one would. Pruners are not concerned: they judge by all trials.
"""

from collections.abc import Container, Sequence
from copy import deepcopy as deep_copy
from heapq import heappush, heappushpop

import optuna
from optuna.trial import FrozenTrial, TrialState

MOST_SEEN = 500
_BEST = 50  # twice of what TPE ever takes for its good ones
_NEWEST = 100
_LEARNT_FROM = (TrialState.COMPLETE, TrialState.PRUNED)


def history_notice(sampler: str, trials: int) -> str | None:
    """What to say beforehand of a search of so many trials; None where its sampler sees them all, or looks at none."""
    if trials <= MOST_SEEN or sampler in ("random", "grid", "cmaes"):
        return None
    seen = f"the best {_BEST}, the newest {_NEWEST} and a sample of the others"
    return f"beyond {MOST_SEEN} ended trials the sampler sees {seen}, so that asking for a trial stays quick"


class History:
    """Follows the trials of one growing study that maximizes; looks at each only until it has ended.

    A pass over ten thousand trials at each ask would take half of the ask's time.
    """

    def __init__(self) -> None:
        self._known = 0
        self._open: list[int] = []
        self._ended = 0
        self._best: list[tuple[_Standing, int]] = []  # a heap, the worst of them first

    def seen(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """What a sampler shall see, in the trials' order.

        Beyond `MOST_SEEN` ended ones that it learns from, about as many are kept, and all that run.

        Args:
            trials: all of the study, by number; those that had ended at the last call are the same.
        """
        self._follow(trials)
        if self._ended <= MOST_SEEN:
            return list(trials)
        best = (-number for _, number in self._best)
        newest = range(len(trials) - _NEWEST, len(trials))
        sample = range(0, len(trials), _stride(self._ended))
        return [trials[number] for number in sorted({*best, *newest, *sample, *self._open})]

    def _follow(self, trials: Sequence[FrozenTrial]) -> None:
        looked_at = [*self._open, *range(self._known, len(trials))]
        self._known = len(trials)
        self._open = [number for number in looked_at if not trials[number].state.is_finished()]
        for number in looked_at:
            if trials[number].state in _LEARNT_FROM:
                self._note(trials[number])

    def _note(self, trial: FrozenTrial) -> None:
        self._ended += 1
        entry = (_standing(trial), -trial.number)  # of equals the older one
        if len(self._best) < _BEST:
            heappush(self._best, entry)
        else:
            heappushpop(self._best, entry)


_Standing = tuple[bool, int, float]


def _standing(trial: FrozenTrial) -> _Standing:
    """The order in which TPE calls trials good: complete ones by score, then the others by how far they came."""
    if trial.state is TrialState.COMPLETE:
        return True, 0, trial.values[0]
    epoch, score = max(trial.intermediate_values.items(), default=(-1, 0.0))
    return False, epoch, score


def _stride(ended: int) -> int:
    """A power of two, so that the sample changes only when the search has doubled."""
    return 1 << (-(-ended // (MOST_SEEN - _BEST - _NEWEST)) - 1).bit_length()


class SeenStudy(optuna.Study):
    """A study that shows a sampler some of its trials; everything else is the whole study's.

    Args:
        whole: the study.
        trials: to show.
    """

    def __init__(self, whole: optuna.Study, trials: Sequence[FrozenTrial]) -> None:
        super().__init__(whole.study_name, whole._storage, whole.sampler, whole.pruner)
        self._shown = trials

    def get_trials(self, deepcopy: bool = True, states: Container[TrialState] | None = None) -> list[FrozenTrial]:
        """See `optuna.Study.get_trials`."""
        found = [trial for trial in self._shown if states is None or trial.state in states]
        return deep_copy(found) if deepcopy else found

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        return self.get_trials(deepcopy, states)  # what Optuna's samplers call
