"""When a training's epochs begin and end, in mmengine's plain runner and within a trial. Measures nothing by itself."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from trainables import training
from trainables.training_hook import TrialHook


@dataclass(frozen=True)
class Moment:
    """Seconds on the wall clock, and of this process's CPU; what the device was asked to do is done."""

    wall_s: float
    cpu_s: float

    @classmethod
    def now(cls) -> "Moment":
        """This one."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return cls(time.monotonic(), time.process_time())

    def since(self, earlier: "Moment") -> "Moment":
        """The time between two."""
        return Moment(self.wall_s - earlier.wall_s, self.cpu_s - earlier.cpu_s)


@dataclass
class Watch:
    """Moments of one training, in order.

    Attributes:
        own_cpu_s: of what a trial does beside the training, its checkpoint included.
    """

    began: list[Moment] = field(default_factory=list)
    iterated: list[Moment] = field(default_factory=list)
    ended: list[Moment] = field(default_factory=list)
    own_cpu_s: float = 0.0

    def begin(self) -> None:
        """An epoch begins."""
        self.began.append(Moment.now())

    def iterate(self) -> None:
        """An iteration begins; the first is noted."""
        if not self.iterated:
            self.iterated.append(Moment.now())

    def end(self) -> None:
        """An epoch has ended, with all that is done at its end."""
        self.ended.append(Moment.now())

    @contextmanager
    def working(self) -> Iterator[None]:
        """Counts what is done within as a trial's own."""
        began = Moment.now()
        yield
        self.own_cpu_s += Moment.now().since(began).cpu_s

    def trained(self) -> Moment:
        """From the first epoch's beginning to the last one's end."""
        return self.ended[-1].since(self.began[0])


class WatchHook(Hook):
    """Tells a watch; for the plain runner."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def before_train_epoch(self, runner: Runner) -> None:
        """An epoch begins."""
        self.watch.begin()

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """An iteration begins."""
        self.watch.iterate()

    def after_train_epoch(self, runner: Runner, metrics: Any = None) -> None:
        """An epoch has ended."""
        self.watch.end()


@contextmanager
def watched_trials(watch: Watch) -> Iterator[None]:
    """Trials that run meanwhile tell the watch, the last epoch's end after the checkpoint is written."""

    class Watched(TrialHook):
        def before_train_epoch(self, runner: Runner) -> None:
            watch.begin()

        def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
            watch.iterate()

        def after_train_iter(self, *arguments: Any, **more: Any) -> None:
            with watch.working():
                super().after_train_iter(*arguments, **more)

        def after_train_epoch(self, runner: Runner) -> None:
            with watch.working():
                super().after_train_epoch(runner)
            watch.end()

    with mock.patch.object(training, "TrialHook", Watched):
        yield
