"""Training by mmengine's own runner, with one small hook that tells the trial how far it is.

Nothing here predicts, scores, writes or decides: the trial's `Observer` does.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from torch import nn

from results.errors import InputError
from trainables.checkpoint import Checkpoint, restore
from trainables.custom_imports import import_modules
from trainables.failures import BadConfigurationError
from trainables.moving_average import wear_average
from trainables.starting import start_from
from trainables.training_hook import Observer, TrialHook


@dataclass(frozen=True)
class Place:
    """Where a training runs, which has no part in what is trained.

    Attributes:
        folder: of the trial; the training log is written below it.
        loader_workers: processes that load images; 0 loads them in this one.
    """

    folder: Path
    loader_workers: int = 0


@dataclass(frozen=True)
class Course:
    """What happens on the way.

    Attributes:
        rungs: epochs after which the observer is told.
        observer: see `Observer`.
        checkpoint: where the training goes on from, None to begin.
    """

    rungs: Sequence[int]
    observer: Observer
    checkpoint: Checkpoint | None = None


def train(config: Mapping[str, Any], place: Place, course: Course) -> nn.Module:
    """Trains the detector of an effective configuration.

    Args:
        config: from `effective_config`.
        place: where the training runs.
        course: what happens on the way.

    Returns:
        What predicts of the trained model, in evaluation mode, with the weights that it predicts with. From a
        checkpoint of the last epoch that is the checkpoint's.

    Raises:
        BadConfigurationError: nothing can be built.
        NanLossError: the loss diverged.
    """
    if int(config["train_cfg"]["max_epochs"]) == 0:
        return untrained(config)

    def start(runner: Runner) -> int:
        if course.checkpoint is None:
            _load_start_weights(config, runner)
            return 0
        restore(runner, course.checkpoint)
        return course.checkpoint.epoch

    hook = TrialHook(course.rungs, course.observer, start)
    with _blaming_configuration(lambda: not hook.began), running(config, place) as runner:
        runner.register_hook(hook, priority="LOWEST")
        runner.train()
        wear_average(runner)
        model = predicting(runner.model)
    return model.eval()


def predicting(model: nn.Module) -> nn.Module:
    """The part of a model that predicts: its teacher where it has one, else all of it."""
    part: nn.Module = getattr(model, "teacher", model)
    return part


# What mmengine's registries and mmdet's modules raise for values that they cannot use.
_BUILD_ERRORS = (KeyError, TypeError, ValueError, AttributeError, AssertionError, ImportError, IndexError)


@contextmanager
def _blaming_configuration(is_building: Callable[[], bool]) -> Iterator[None]:
    try:
        yield
    except _BUILD_ERRORS as error:
        if not is_building():
            raise
        shown = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise BadConfigurationError(f"the configuration cannot be built ({shown}); change the parameter") from error


def _load_start_weights(config: Mapping[str, Any], runner: Runner) -> None:
    taken = start_from(predicting(runner.model), config)
    if taken is None:
        return
    if hasattr(runner.model, "student"):
        start_from(runner.model.student, config)  # a teacher and its student begin alike
    runner.logger.info(taken)


def untrained(config: Mapping[str, Any]) -> nn.Module:
    """The detector as initialised from its seed, on the device that training would use."""
    with _blaming_configuration(lambda: True):
        model = build_model(config)
    torch.manual_seed(int(config["randomness"]["seed"]))
    model.init_weights()  # type: ignore[operator]  # mmengine's, which torch's types do not know
    start_from(model, config)
    return model.to(device()).eval()


def build_model(config: Mapping[str, Any]) -> nn.Module:
    """The detector that predicts, without trained weights, on the CPU."""
    from mmdet.registry import MODELS

    register_mmdet()
    import_modules(config)
    model = Config(dict(config)).model
    built: nn.Module = MODELS.build(model.get("detector", model))  # of a teacher and its student, the teacher's
    return built


def register_mmdet() -> None:
    """Makes mmdet's names known to its registry, and our transforms in place of its; without what its imports print."""
    with redirect_stdout(io.StringIO()):
        from mmdet.utils import register_all_modules

        register_all_modules(init_default_scope=True)
        from trainables.modules.elongated import register_elongated

        register_elongated()


def use_threads(count: int) -> None:
    """Limits torch to so many CPU threads in this process.

    Threads beyond a trial's share wait for each other in busy loops: 60 images took one thread 2.0 s on two cores, two
    threads 1.7 s where nothing else ran, and 29 to 81 s where something did.
    """
    torch.set_num_threads(count)


def device() -> torch.device:
    """Where this process trains and predicts: a GPU if it sees one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def check_kernels(place: torch.device) -> None:
    """Refuses a device that mmcv was not compiled for: one built without CUDA imports, and fails in mid-training.

    Args:
        place: where a trial trains and predicts.

    Raises:
        InputError: mmcv has no kernels for it.
    """
    from mmcv.ops import nms

    try:
        nms(torch.zeros(1, 4, device=place), torch.zeros(1, device=place), 0.5)
    except RuntimeError as error:
        if "implementation for device" not in str(error):
            raise
        remedy = (
            "build onedl-mmcv where torch sees the GPU (docs/INSTALL.md), or search without it (--gpus-per-trial 0)"
        )
        raise InputError(
            "mmcv is built for the device of a trial", f"an mmcv without kernels for {place}", remedy
        ) from error


@contextmanager
def running(config: Mapping[str, Any], place: Place, kind: type[Runner] = Runner) -> Iterator[Runner]:
    """The runner of an effective configuration, before it has begun; what mmengine keeps of it is dropped at the end.

    Args:
        config: from `effective_config`.
        place: where it runs.
        kind: the runner's class.
    """
    register_mmdet()
    import_modules(config)
    loader = {**config["train_dataloader"], "num_workers": place.loader_workers}
    loader["worker_init_fn"] = {"type": "trainables.data_loading.keep_torchs_seeds"}
    own = {
        "train_dataloader": loader,
        "work_dir": str(place.folder),
        "experiment_name": place.folder.name,
        "default_hooks": {"checkpoint": None, "logger": {"type": "LoggerHook", "interval": 10}},
    }
    with _global_instances_dropped():
        # mmengine writes the configuration into its log four times; laying it out for people takes 1.5 s of CPU.
        yield kind.from_cfg(Config({**config, **own}, format_python_code=False))


_GLOBAL_KINDS = (MMLogger, MessageHub, Visualizer, DefaultScope)


@contextmanager
def _global_instances_dropped() -> Iterator[None]:
    """Drops what mmengine keeps of a runner by name, built whole or not: a worker runs many runners."""
    earlier = {kind: set(kind._instance_dict) for kind in _GLOBAL_KINDS}
    try:
        yield
    finally:
        for kind, names in earlier.items():
            for name in set(kind._instance_dict) - names:
                _close(kind._instance_dict.pop(name))


def _close(instance: object) -> None:
    for handler in list(getattr(instance, "handlers", ())):
        handler.close()
