"""The one hook in mmengine's training: it starts what the training starts from, and tells an observer how far it is.

Observers predict, write and report; nothing that they draw from random generators changes the training.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from trainables.failures import NanLossError
from trainables.moving_average import as_it_predicts
from trainables.random_states import randomness_kept


class Observer(Protocol):
    """What is told how far a training is. Each may raise to end it; none changes what is trained."""

    def resumed(self, model: nn.Module, epoch: int) -> None:
        """A checkpoint has brought the training to the end of `epoch`; `model` is as it predicts."""

    def iteration(self) -> None:
        """One iteration is done."""

    def rung(self, runner: Runner, epoch: int) -> None:
        """An epoch that is a rung is done; `runner.model` is in evaluation mode, with what it predicts with."""


class TrialHook(Hook):  # type: ignore[misc]  # mmengine is untyped
    """Loads what the training starts from, watches the loss, and tells the observer.

    Args:
        rungs: epochs, counted from 1.
        observer: told of them.
        start: loads the starting weights, or the checkpoint; gives the epochs that it brings.
    """

    priority = "LOWEST"

    def __init__(self, rungs: Sequence[int], observer: Observer, start: Callable[[Runner], int]) -> None:
        self.rungs = frozenset(rungs)
        self.observer = observer
        self.start = start
        self.began = False

    def before_train(self, runner: Runner) -> None:
        """After mmengine has built everything and initialised the weights, which would overwrite ours."""
        self.began = True
        epoch = self.start(runner)
        if epoch:
            self._undisturbed(runner, lambda: self.observer.resumed(runner.model, epoch))

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Stops at the first loss that is no number."""
        if outputs is not None and "loss" in outputs:
            loss = float(outputs["loss"].detach())
            if not math.isfinite(loss):
                raise NanLossError(f"the loss became {loss} at iteration {runner.iter + 1}; lower lr or clip gradients")
        self.observer.iteration()

    def after_train_epoch(self, runner: Runner) -> None:
        """Tells of a rung."""
        epoch = runner.epoch + 1
        if epoch in self.rungs:
            self._undisturbed(runner, lambda: self.observer.rung(runner, epoch))

    def _undisturbed(self, runner: Runner, act: Callable[[], None]) -> None:
        # mmengine's loop sets the training mode before each epoch.
        runner.model.eval()
        with as_it_predicts(runner), randomness_kept():
            act()
