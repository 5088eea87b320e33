"""What a trial adds to mmengine's plain runner on the same configuration, and how soon a reused worker trains again.

    python benchmarks/training_speed.py

Images a second: the runner as mmengine's own tools run it, but without its checkpoints, and the same training within a
whole trial, whose checkpoint counts and whose prediction at the end does not. The two run in turn in one process. Where
other processes run, even CPU time swings by a tenth; the share of it that the trial's own hook takes does not.

The start: trials one after another in one process, as in a reused worker, from the call to the first iteration.
"""

import os
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: threads beyond a trial's wait in busy loops

# isort: split
from first_trials import first_job
from mmengine.config import Config
from mmengine.runner import Runner
from stopwatch import markdown, write_table
from training_watch import Moment, Watch, WatchHook, watched_trials

from orchestrator.worker import end_of_trial
from results.rules import load_rule
from trainables.data.dataset import load_dataset, load_truth
from trainables.data.demo import DemoSizes, demo_dataset
from trainables.effective import TrainingData, training_data, trial_config
from trainables.freed_memory import memory_freed
from trainables.jobs import TrialJob
from trainables.training import register_mmdet, use_threads

SPACES = ("cascade", "fcos", "rtmdet")
ROUNDS, EPOCHS = 6, 2
MANY = DemoSizes(train=160, val=6, test=3)
STARTS = ("cascade", "fcos", "rtmdet", "faster", "retinanet", "cascade")
FEW = DemoSizes(train=40, val=15, test=3)


def main() -> None:
    """Measures and writes `training_speed.md`."""
    register_mmdet()
    with tempfile.TemporaryDirectory() as name:
        few = demo_dataset(Path(name) / "few", FEW)
        parts = (
            "Images a second, the best of the rounds; by CPU time also the median over the pairs of rounds.\n",
            _speed_table(Path(name), demo_dataset(Path(name) / "many", MANY)),
            "\nSeconds to the first iteration, the process's first trial first.\n",
            _start_table(Path(name), few),
        )
    write_table("training_speed", "Training through a trial", parts)


def _speed_table(folder: Path, dataset: Path) -> str:
    head = (
        "detector",
        "plain, img/s",
        "trial",
        "share",
        "plain, img/CPU s",
        "trial",
        "share",
        "median share",
        "trial's own work",
    )
    return markdown(head, [_speed_row(first_job(space, folder / space), dataset) for space in SPACES])


def _speed_row(job: TrialJob, dataset: Path) -> Sequence[object]:
    job = replace(job, params={**job.params, "epochs": EPOCHS}, rungs=(EPOCHS,), dataset=str(dataset))
    own = [_trial(job)[1]]  # warms up, too
    took: dict[str, list[Moment]] = {"plain": [], "trial": []}
    for turn in range(ROUNDS):
        runs = {"plain": _plain, "trial": _trial}
        for name in runs if turn % 2 else reversed(runs):
            trained, own_share = runs[name](job)
            took[name].append(trained)
            own += [own_share] if name == "trial" else []
        print(job.detector, {name: found[-1] for name, found in took.items()}, file=sys.stderr, flush=True)
    images = EPOCHS * _images(job)
    pairs = zip(took["plain"], took["trial"], strict=True)
    median = statistics.median(plain.cpu_s / trial.cpu_s for plain, trial in pairs)
    wall = {name: images / min(one.wall_s for one in found) for name, found in took.items()}
    cpu = {name: images / min(one.cpu_s for one in found) for name, found in took.items()}
    return (job.detector, *_compared(wall), *_compared(cpu), f"{median:.1%}", f"{statistics.median(own):.2%}")


def _compared(speed: Mapping[str, float]) -> tuple[float, float, str]:
    return speed["plain"], speed["trial"], f"{speed['trial'] / speed['plain']:.1%}"


def _images(job: TrialJob) -> int:
    """Training images with a box: what an epoch shows."""
    dataset = load_dataset(Path(job.dataset))
    return len(set(load_truth(dataset, dataset.train).image_id.tolist()))


def _plain(job: TrialJob) -> tuple[Moment, float]:
    """mmengine's runner on the trial's configuration, from a heap as a trial, or a fresh process, finds it."""
    config = trial_config(job, _data(Path(job.dataset), job.rule))
    use_threads(job.threads)
    watch = Watch()
    with tempfile.TemporaryDirectory() as folder, memory_freed():
        runner = Runner.from_cfg(Config({**config, "work_dir": folder, "default_hooks": {"checkpoint": None}}))
        runner.register_hook(WatchHook(watch), priority="LOWEST")
        runner.train()
    return watch.trained(), 0.0


def _trial(job: TrialJob) -> tuple[Moment, float]:
    """The training's time, and the share of its CPU that is the trial's own."""
    watch = Watch()
    with watched_trials(watch):
        _run(job)
    trained = watch.trained()
    return trained, watch.own_cpu_s / trained.cpu_s


def _run(job: TrialJob) -> None:
    """Through the function that Ray's workers call."""
    end = end_of_trial(job.to_dict(), lambda report: None)
    if end["phase"] != "finished":
        raise RuntimeError(f"a trial was to be measured, and it failed: {end}")


def _start_table(folder: Path, dataset: Path) -> str:
    """Each trial of one epoch on few images."""
    rows = []
    for number, space in enumerate(STARTS):
        job = first_job(space, folder / f"start-{number}")
        job = replace(job, params={**job.params, "epochs": 1}, rungs=(1,), dataset=str(dataset))
        watch, called = Watch(), Moment.now()
        with watched_trials(watch):
            _run(job)
        start = watch.iterated[0].since(called)
        rows.append((space, start.wall_s, start.cpu_s))
    return markdown(("space", "wall s", "CPU s"), rows)


def _data(dataset: Path, rule: str) -> TrainingData:
    found = load_dataset(dataset)
    return training_data(found, load_truth(found, found.train).categories, load_rule(rule))


if __name__ == "__main__":
    main()
