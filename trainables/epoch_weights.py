"""Weights of single epochs that a view's average may need, kept in a trial's folder while it runs; and their averages.

    kept.write(model, epoch)      before the epoch's checkpoint is written
    kept.note(epoch, score)       once the epoch is judged
    kept.forget_after(epoch)      where a trial goes on from that epoch's checkpoint
    kept.averaged(text)           a state for the model

What no average can need any more is removed at once; where no view asks for an average nothing is written at all. So a
trial keeps as many files as its largest average has epochs. Puts nothing into a model.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence

import torch
from torch import Tensor, nn

from results.layout import TrialLayout, write_atomically
from trainables.averages import Average, parse_average
from trainables.trained_on import TrainedOn
from trainables.weights import read_weights, save_weights

State = dict[str, Tensor]


class EpochWeights:
    """Of one trial.

    Args:
        layout: of the trial.
        averages: what its views ask for.
        seen: tells which images the weights are trained on, which each file says; None for files that say nothing.
    """

    def __init__(
        self, layout: TrialLayout, averages: Collection[str], seen: Callable[[], TrainedOn] | None = None
    ) -> None:
        self._layout, self._seen = layout, seen
        self._averages = [found for text in averages if (found := parse_average(text)) is not None]

    @property
    def ranks(self) -> bool:
        """Whether an average asks for scores."""
        return any(average.by_score for average in self._averages)

    def write(self, model: nn.Module, epoch: int) -> None:
        """Keeps the weights of an epoch, and removes what they replace."""
        if not self._averages:
            return
        save_weights(model, self._layout.epoch_weights(epoch), None if self._seen is None else self._seen())
        self._tidy()

    def note(self, epoch: int, score: float | None) -> None:
        """Keeps an epoch's score."""
        if not self.ranks:
            return
        scores = {**self._scores(), epoch: score}
        write_atomically(self._layout.epoch_scores, json.dumps(scores) + "\n")
        self._tidy()

    def forget_after(self, epoch: int) -> None:
        """Removes what an attempt left that got further than the checkpoint."""
        for later in [one for one in self._layout.weighed_epochs() if one > epoch]:
            self._layout.epoch_weights(later).unlink()

    def averaged(self, text: str) -> State | None:
        """The state that a view's `average` stands for; None where the trained model's own is meant."""
        average = parse_average(text)
        written = self._layout.weighed_epochs()
        if average is None or not written:
            return None
        epochs = average.epochs(written, self._scores())
        states = [read_weights(self._layout.epoch_weights(epoch)) for epoch in epochs]
        return weighted_mean(states, average.shares(len(states)))

    def remove(self) -> None:
        """Removes everything, once the trial's result is written."""
        for path in self._layout.epoch_files():
            path.unlink(missing_ok=True)

    def _tidy(self) -> None:
        written, scores = self._layout.weighed_epochs(), self._scores()
        needed = {epoch for average in self._averages for epoch in _needed(average, written, scores)}
        for epoch in set(written) - needed:
            self._layout.epoch_weights(epoch).unlink()

    def _scores(self) -> dict[int, float | None]:
        path = self._layout.epoch_scores
        if not path.is_file():
            return {}
        return {int(epoch): score for epoch, score in json.loads(path.read_text(encoding="utf-8")).items()}


def weighted_mean(states: Sequence[State], shares: Sequence[float]) -> State:
    """The mean of states with the same names and shapes, in double precision; counters are the last state's."""
    last = states[-1]
    return {
        name: _mean([state[name] for state in states], shares) if tensor.is_floating_point() else tensor
        for name, tensor in last.items()
    }


def _mean(tensors: Sequence[Tensor], shares: Sequence[float]) -> Tensor:
    total = torch.zeros_like(tensors[-1], dtype=torch.float64)
    for tensor, share in zip(tensors, shares, strict=True):
        total += tensor.double() * share
    return total.to(tensors[-1].dtype)


def _needed(average: Average, written: Sequence[int], scores: Mapping[int, float | None]) -> set[int]:
    """Epochs that the average has, and those of which nobody knows yet whether they beat one that it has."""
    if not average.by_score:
        return set(average.epochs(written, scores))
    judged = [epoch for epoch in written if epoch in scores]
    return {*average.epochs(judged, scores), *set(written).difference(judged)}
