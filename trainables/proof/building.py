"""Builds what a trial's configuration stands for, as its training would, without weights and without images.

mmengine's own runner does the building, so that whatever overrides an entry there overrides it here. Left out is what
costs time and changes nothing that is compared: random numbers for the weights, the data set's content, logged text.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import DATASETS
from mmengine.runner import Runner
from torch import nn
from torch.overrides import TorchFunctionMode

from trainables.custom_imports import import_modules
from trainables.proof.description import Description, describe
from trainables.training import Place, register_mmdet, running

# Any number: what is built does not depend on how many images there are.
_IMAGES = 64
_DRAWS = frozenset(
    (
        torch.Tensor.normal_,
        torch.Tensor.uniform_,
        nn.init.normal_,
        nn.init.uniform_,
        nn.init.trunc_normal_,
        nn.init.kaiming_normal_,
        nn.init.kaiming_uniform_,
        nn.init.xavier_normal_,
        nn.init.xavier_uniform_,
    )
)
# mmengine's own, which time and log; ours are given to every trial alike.
_DEFAULT_HOOKS = ("RuntimeInfoHook", "IterTimerHook", "DistSamplerSeedHook", "LoggerHook", "ParamSchedulerHook")


@dataclass(frozen=True)
class Built:
    """What a training begins with.

    Attributes:
        runner: with model, optimizer, schedulers, loop and hooks built.
        dataset: with its pipeline built, its images not listed.
        config: the effective configuration.
    """

    runner: Runner
    dataset: Any
    config: Mapping[str, Any]

    def describe(self) -> Description:
        """What is compared, by name."""
        runner = self.runner
        parts = {
            "model": runner.model,
            "optim_wrapper": runner.optim_wrapper,
            "param_scheduler": runner.param_schedulers,
            "dataset": self.dataset,
            "train_loop": _without_validation(runner.train_loop),
            "hooks": _own_hooks(runner),
            "start_weights": self.config["start_weights"],
            "start_heads": self.config.get("start_heads"),
            "cudnn_benchmark": torch.backends.cudnn.benchmark,
        }
        return describe(parts, unseen=(runner, runner.logger, runner.visualizer, runner.message_hub))


class _StandIn:
    """Takes a data set's place where only its length counts."""

    metainfo: Mapping[str, object] = {}

    def __len__(self) -> int:
        return _IMAGES


class QuietRunner(Runner):  # type: ignore[misc]  # mmengine is untyped
    """A runner that stays on the CPU and logs nothing, which takes longer than everything that it builds."""

    def build_logger(self, log_level: Any = "ERROR", **options: Any) -> MMLogger:
        """One that tells of errors only."""
        return super().build_logger("ERROR", **options)

    def wrap_model(self, model_wrapper_cfg: Any, model: nn.Module) -> nn.Module:
        """The model where it is: what is built is the same there, and a device is spared."""
        reverted: nn.Module = revert_sync_batchnorm(model)
        return reverted

    def _log_env(self, env_cfg: Any) -> None:
        """Nothing is logged."""

    def dump_config(self) -> None:
        """Nothing is written."""

    def build_visualizer(self, visualizer: Any = None) -> Any:
        """One that shows nothing; mmengine's own draws a figure."""
        return SimpleNamespace(add_config=lambda config: None)


class NoDraws(TorchFunctionMode):
    """Leaves weights as the memory happens to be."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _DRAWS:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


@contextmanager
def built(config: Mapping[str, Any]) -> Iterator[Built]:
    """Builds an effective configuration as far as a training's first iteration.

    Args:
        config: from `effective_config`.
    """
    register_mmdet()
    import_modules(config)
    loader = dict(config["train_dataloader"])
    dataset = DATASETS.build(Config({"dataset": _unread(loader["dataset"])}).dataset)
    stood_in = {**config, "train_dataloader": {**loader, "dataset": _StandIn()}}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        with NoDraws():
            runner = stack.enter_context(running(stood_in, Place(Path(folder)), QuietRunner))
            begin(runner)
        yield Built(runner, dataset, config)


def begin(runner: Runner) -> None:
    """Does what `Runner.train` does before its loop, but for the weights."""
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner.scale_lr(runner.optim_wrapper, runner.auto_scale_lr)
    if runner.param_schedulers is not None:
        runner.param_schedulers = runner.build_param_scheduler(runner.param_schedulers)
    # mmengine's default hooks would format the whole configuration for their log.
    for moment in ("before_run", "before_train", "before_train_epoch"):
        for hook in _own_hooks(runner):
            getattr(hook, moment)(runner)


def _without_validation(loop: Any) -> SimpleNamespace:
    """A trial judges by itself: mmengine's loop never validates, whatever it was told about it."""
    unused = ("val_", "dynamic_", "_runner")
    return SimpleNamespace(**{name: value for name, value in vars(loop).items() if not name.startswith(unused)})


def _own_hooks(runner: Runner) -> list[Any]:
    return [hook for hook in runner.hooks if type(hook).__name__ not in _DEFAULT_HOOKS]


def _unread(dataset: Mapping[str, Any]) -> dict[str, Any]:
    """A data set that does not read its annotations; wrapped ones neither."""
    inner = {"dataset": _unread(dataset["dataset"])} if isinstance(dataset.get("dataset"), Mapping) else {}
    return {**dataset, **inner, "lazy_init": True}
