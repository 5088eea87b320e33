"""Training by mmengine's own runner, with one small hook that hands the model over at each rung.

Nothing here predicts, scores or decides: the caller's `on_rung` does, and may end the training by raising.
"""

import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from torch import nn

from trainables.failures import NanLossError
from trainables.notation import NONE
from trainables.weights import load_start


@dataclass(frozen=True)
class Place:
    """Where a training runs, which has no part in what is trained.

    Attributes:
        folder: of the trial; the training log is written below it.
        loader_workers: processes that load images; 0 loads them in this one.
    """

    folder: Path
    loader_workers: int = 0


OnRung = Callable[[nn.Module, int], None]


class RungHook(Hook):  # type: ignore[misc]  # mmengine is untyped
    """Loads the starting weights, watches the loss, and calls `on_rung` after the epochs it is told.

    Args:
        rungs: epochs (counted from 1) after which the model is handed over.
        on_rung: takes the model, in evaluation mode, and the epoch; may raise to end the training.
        start: a checkpoint to start from, or None.
    """

    priority = "LOWEST"

    def __init__(self, rungs: Sequence[int], on_rung: OnRung, start: Path | None) -> None:
        self.rungs = frozenset(rungs)
        self.on_rung = on_rung
        self.start = start

    def before_train(self, runner: Runner) -> None:
        """After mmengine has initialised the weights, which would overwrite ours."""
        if self.start is not None:
            taken, all_of_them = load_start(runner.model, self.start)
            runner.logger.info(f"starting weights: {taken} of {all_of_them} tensors from {self.start}")

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Stops at the first loss that is no number."""
        if outputs is None or "loss" not in outputs:
            return
        loss = float(outputs["loss"].detach())
        if not math.isfinite(loss):
            raise NanLossError(f"the loss became {loss} at iteration {runner.iter + 1}; lower lr or clip gradients")

    def after_train_epoch(self, runner: Runner) -> None:
        """Hands the model over, then returns it to training."""
        epoch = runner.epoch + 1
        if epoch not in self.rungs:
            return
        runner.model.eval()
        self.on_rung(runner.model, epoch)
        runner.model.train()


def train(config: Mapping[str, Any], place: Place, rungs: Sequence[int], on_rung: OnRung) -> nn.Module:
    """Trains the detector of an effective configuration.

    Args:
        config: from `effective_config`.
        place: where the training runs.
        rungs: epochs after which `on_rung` is called.
        on_rung: see `RungHook`.

    Returns:
        The trained model, in evaluation mode.

    Raises:
        NanLossError: the loss diverged.
    """
    if int(config["train_cfg"]["max_epochs"]) == 0:
        return untrained(config)
    with _runner(config, place) as runner:
        runner.register_hook(RungHook(rungs, on_rung, start_weights(config)), priority="LOWEST")
        runner.train()
        model: nn.Module = runner.model
    return model.eval()


def start_weights(config: Mapping[str, Any]) -> Path | None:
    """The checkpoint that a configuration's training starts from, None for none."""
    start = str(config["start_weights"])
    return None if start == NONE else Path(start)


def untrained(config: Mapping[str, Any]) -> nn.Module:
    """The detector as initialised from its seed, on the device that training would use."""
    model = build_model(config)
    torch.manual_seed(int(config["randomness"]["seed"]))
    model.init_weights()  # type: ignore[operator]  # mmengine's, which torch's types do not know
    start = start_weights(config)
    if start is not None:
        load_start(model, start)
    return model.to(device()).eval()


def build_model(config: Mapping[str, Any]) -> nn.Module:
    """The detector without trained weights, on the CPU."""
    from mmdet.registry import MODELS

    register_mmdet()
    model: nn.Module = MODELS.build(Config(dict(config)).model)
    return model


def register_mmdet() -> None:
    """Makes mmdet's names known to its registry, without the lines that its imports print."""
    with redirect_stdout(io.StringIO()):
        from mmdet.utils import register_all_modules

        register_all_modules(init_default_scope=True)


def use_threads(count: int) -> None:
    """Limits torch to so many CPU threads in this process.

    Threads beyond a trial's share wait for each other in busy loops: 60 images took one thread 2.0 s on two cores, two
    threads 1.7 s where nothing else ran, and 29 to 81 s where something did.
    """
    torch.set_num_threads(count)


def device() -> torch.device:
    """Where this process trains and predicts: a GPU if it sees one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def _runner(config: Mapping[str, Any], place: Place) -> Iterator[Runner]:
    register_mmdet()
    loader = {**config["train_dataloader"], "num_workers": place.loader_workers}
    loader["persistent_workers"] = place.loader_workers > 0
    own = {
        "train_dataloader": loader,
        "work_dir": str(place.folder),
        "experiment_name": place.folder.name,
        "default_hooks": {"checkpoint": None, "logger": {"type": "LoggerHook", "interval": 10}},
    }
    runner = Runner.from_cfg(Config({**config, **own}))
    try:
        yield runner
    finally:
        _forget(str(runner.experiment_name))


def _forget(name: str) -> None:
    """Drops mmengine's global instances of one runner: a worker runs many trials, and each would keep its own."""
    for kind in (MMLogger, MessageHub, Visualizer, DefaultScope):
        instance = kind._instance_dict.pop(name, None)
        for handler in list(getattr(instance, "handlers", ())):
            handler.close()
