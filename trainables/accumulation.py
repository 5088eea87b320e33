"""Training in parts of a batch: the gradients of several passes make one step of the optimizer.

A trial that ran out of memory is tried again so. An iteration stays what it was, the same images and one step, so
warm-up, schedules, epochs and checkpoints count as before; only BatchNorm, which sees a part at a time, tells the
difference. mmengine's own `accumulative_counts` counts parts as iterations: schedules would run ahead, and gradients
would be carried over the end of an epoch, where a checkpoint loses them.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import pairwise
from typing import Any

import torch
from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop
from torch import nn

from trainables.modules.branches import batch_size, part

Batch = Mapping[str, Any]


class AccumulatingLoop(EpochBasedTrainLoop):  # type: ignore[misc]  # mmengine is untyped
    """mmengine's loop over epochs, with each batch trained in parts.

    Args:
        accumulate: parts of a full batch; a smaller one at an epoch's end has no more parts than images.
        arguments: mmengine's own (`runner`, `dataloader`, `max_epochs`, ...).
    """

    def __init__(self, *arguments: Any, accumulate: int, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.accumulate = accumulate

    def run_iter(self, idx: int, data_batch: Batch) -> None:
        """One batch, one step."""
        runner = self.runner
        runner.call_hook("before_train_iter", batch_idx=idx, data_batch=data_batch)
        outputs = accumulated_step(runner.model, runner.optim_wrapper, data_batch, self.accumulate)
        runner.call_hook("after_train_iter", batch_idx=idx, data_batch=data_batch, outputs=outputs)
        self._iter += 1


def accumulated_step(
    model: nn.Module, optim_wrapper: OptimWrapper, batch: Batch, parts: int
) -> dict[str, torch.Tensor]:
    """One step of the optimizer with the gradients of a whole batch.

    Args:
        model: mmengine's, whose `train_step` is called once for each part.
        optim_wrapper: steps once.
        batch: lists of equal length, by name, one element an image; or as `trainables.modules.branches` has them.
        parts: at most so many, of as equal size as can be.

    Returns:
        The losses by name, each the mean over the images.
    """
    outputs: dict[str, torch.Tensor] = {}
    for piece, share in split_batch(batch, parts):
        losses = model.train_step(piece, _PartOfAStep(optim_wrapper, share))  # type: ignore[operator]
        for name, value in losses.items():
            outputs[name] = outputs.get(name, 0.0) + value.detach() * share
    optim_wrapper.step()
    optim_wrapper.zero_grad()
    return outputs


def split_batch(batch: Batch, parts: int) -> Iterator[tuple[dict[str, Any], float]]:
    """The parts of a batch in order, each with its share of the images; shares add up to 1."""
    count = batch_size(batch)
    parts = min(parts, count)
    bounds = [count * place // parts for place in range(parts + 1)]
    for start, stop in pairwise(bounds):
        yield part(batch, start, stop), (stop - start) / count


class _PartOfAStep:
    """Stands in for an optimizer wrapper in a model's `train_step`: adds gradients and leaves the step to others."""

    def __init__(self, optim_wrapper: OptimWrapper, share: float) -> None:
        self._optim_wrapper = optim_wrapper
        self._share = share

    def optim_context(self, model: nn.Module) -> AbstractContextManager[None]:
        context: AbstractContextManager[None] = self._optim_wrapper.optim_context(model)
        return context

    def update_params(self, loss: torch.Tensor) -> None:
        self._optim_wrapper.backward(loss * self._share)
