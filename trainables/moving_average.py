"""The exponential moving average of a model's weights: kept while it trains, worn while it predicts.

Early weights are forgotten sooner than the share alone would: it is at least 9 / (10 + steps), so that a short training
has an average of its latest part. What is trained does not change. mmengine's own EMA hook wears its average in
mmengine's validation alone, which trials do not use; with statistics averaged it counts weights that heads share
several times.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn


class MovingAverage(Hook):  # type: ignore[misc]  # mmengine is untyped
    """Averages weights, and statistics of norms, over the steps of a training.

    Args:
        share: of a step's weights in the average, once enough steps are done.
    """

    priority = "VERY_LOW"  # before the trial's own hook, which predicts with it

    def __init__(self, share: float) -> None:
        self.share = share
        self.steps = 0
        self._kept: list[Tensor] = []

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Takes in a step's weights."""
        self.take_in(runner.model)

    @torch.no_grad()
    def take_in(self, model: nn.Module) -> None:
        """Takes in a model's weights; the first are the average."""
        tensors = _tensors(model)
        if not self._kept:
            self._kept = [tensor.clone() for tensor in tensors]
        share = max(self.share, 9 / (10 + self.steps))
        for kept, tensor in zip(self._kept, tensors, strict=True):
            if kept.is_floating_point():
                kept.lerp_(tensor, share)
            else:
                kept.copy_(tensor)
        self.steps += 1

    @torch.no_grad()
    def swap(self, model: nn.Module) -> None:
        """Exchanges the model's weights and the average's; before the first step there is nothing to exchange."""
        for kept, tensor in zip(self._kept, _tensors(model), strict=bool(self._kept)):
            held = tensor.clone()
            tensor.copy_(kept)
            kept.copy_(held)

    def state(self) -> dict[str, object]:
        """Plain content for a checkpoint."""
        return {"steps": self.steps, "tensors": list(self._kept)}

    def load(self, steps: int, tensors: Sequence[Tensor], model: nn.Module) -> None:
        """Takes up what `state` gave of the same model, on the device where it is now."""
        own = _tensors(model) if tensors else []
        self.steps = steps
        self._kept = [kept.to(tensor.device, copy=True) for kept, tensor in zip(tensors, own, strict=True)]


def average_of(runner: Runner) -> MovingAverage | None:
    """A training's moving average, where it keeps one."""
    return next((hook for hook in runner.hooks if isinstance(hook, MovingAverage)), None)


def wear_average(runner: Runner) -> None:
    """Gives the model its average, or back its own weights where it wears it."""
    average = average_of(runner)
    if average is not None:
        average.swap(runner.model)


@contextmanager
def as_it_predicts(runner: Runner) -> Iterator[None]:
    """The model with the weights that it predicts with."""
    wear_average(runner)
    try:
        yield
    finally:
        wear_average(runner)


def _tensors(model: nn.Module) -> list[Tensor]:
    """Weights and statistics, each once."""
    return [*model.parameters(), *model.buffers()]
