"""What checkpoints cost: writing and reading one, and a demonstration trial with and without them.

The trial is the demonstration's default point for two epochs with a rung after each; the two kinds run in turn, and CPU
time is the minimum over the rounds. Writing waits for the disk (fsync), so its wall time is shown beside.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import torch
from mmengine.optim import OptimWrapper
from stopwatch import Tool, cpu_ms, markdown, write_table

from orchestrator.jobs import JobFactory, complete_params
from orchestrator.study import Asked
from results.layout import RunLayout, TrialLayout
from search_spaces.loading import load_space
from search_spaces.points import default_point
from search_spaces.space import Space
from trainables import trial
from trainables.catalogue import DETECTORS
from trainables.checkpoint import read_checkpoint, restore, write_checkpoint
from trainables.data.demo import demo_dataset
from trainables.effective import TrainingData, effective_config
from trainables.jobs import TrialJob
from trainables.training import build_model

ROUNDS = 3
EPOCHS = 2
WRITES = 5
CLASSES = tuple(range(1, 11))


def main() -> None:
    """Measures and writes `checkpoints.md`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [_file_row(profile, folder) for profile in ("demo", "full")]
        times = cpu_ms({"with": _trial(folder / "with", True), "without": _trial(folder / "without", False)})
    head = ["Cascade R-CNN", "parameters, M", "MiB", "write, wall ms", "read and restore, wall ms"]
    row = ["demo", *times.values(), f"{times['with'] / times['without']:.3f}x"]
    trials = markdown([f"trial of {EPOCHS} epochs, CPU ms", "with checkpoints", "without", "ratio"], [row])
    write_table("checkpoints", "Checkpoints", [markdown(head, files), trials])


def _file_row(profile: str, folder: Path) -> list[object]:
    space = load_space("cascade", DETECTORS, profile)
    runner, layout = _stepped(space), TrialLayout(folder)
    write_s = [_seconds(lambda: write_checkpoint(layout, runner, 1, 0.0)) for _ in range(WRITES)]
    read_s = [_seconds(lambda: restore(runner, read_checkpoint(layout))) for _ in range(WRITES)]
    size = layout.checkpoint.stat().st_size / 2**20
    count = sum(parameter.numel() for parameter in runner.model.parameters()) / 1e6
    return [profile, count, size, 1000 * statistics.median(write_s), 1000 * statistics.median(read_s)]


def _stepped(space: Space) -> SimpleNamespace:
    """What a checkpoint keeps of a runner, after one step, so that the optimizer's state is as large as it gets."""
    params = complete_params(space, default_point(space))
    data = TrainingData("", "", CLASSES, tuple(map(str, CLASSES)))
    model = build_model(effective_config(space.detector, params, data, 0))
    kind = {"sgd": lambda found: torch.optim.SGD(found, lr=0.1, momentum=0.9), "adamw": torch.optim.AdamW}
    wrapper = OptimWrapper(kind[str(params["optimizer"])](model.parameters()))
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    wrapper.step()
    loop = SimpleNamespace(_epoch=0, _iter=0)
    return SimpleNamespace(iter=1, model=model, optim_wrapper=wrapper, param_schedulers=[], train_loop=loop)


def _trial(folder: Path, checkpoints: bool) -> Tool:
    space = load_space("cascade", DETECTORS, "demo")
    make_job = JobFactory(space, RunLayout(folder), demo_dataset(), "bottle_round1", seed=0)
    job = TrialJob.from_dict(make_job(Asked(0, default_point(space))))
    job = replace(job, params={**job.params, "epochs": EPOCHS}, rungs=tuple(range(1, EPOCHS + 1)))

    def run() -> None:
        with _checkpoints(checkpoints):
            trial.run_trial(job, lambda report: None)

    return Tool(run, ROUNDS, repeats=0)


@contextmanager
def _checkpoints(written: bool) -> Iterator[None]:
    if written:
        yield
        return
    with mock.patch.object(trial, "write_checkpoint"), mock.patch.object(trial, "write_note"):
        yield


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
