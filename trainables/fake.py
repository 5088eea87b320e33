"""A detector that is none: scores with a known optimum, checkpoints, memory that runs out, failures on demand.

For tests and benchmarks of the search around it. It needs neither torch nor images; the product never chooses it by
itself. `steps` is the trial as a sequence of events, so that a caller may let its seconds pass on paper; `run_trial`
lets them pass for real.
"""

import errno
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from results.layout import TrialLayout, write_atomically
from results.trial_manifest import write_manifest
from trainables.effective import trial_hash
from trainables.failures import BadConfigurationError, CorruptImageError, NanLossError
from trainables.fake_problems import DIVERGING_LR, NETWORK_GIB, activations_gib, noise_free_score, score_after
from trainables.jobs import Finished, Report, Rung, Started, TrialJob

OPTIMUM_X = 0.7  # of the problem parabola
_SLOW_EXIT_S = 10.0  # as a GPU's memory and a loader's processes may take; `failure: slow_exit`


@dataclass(frozen=True)
class Wait:
    """Time passes."""

    seconds: float


Step = Wait | Started | Rung | Finished


class WorkerKilled(BaseException):
    """Where a process of its own would be killed; no code of a trial catches it."""


# What each kind of failure raises.
_FAILURES: Mapping[str, Callable[[], BaseException]] = {
    "nan_loss": lambda: NanLossError("the loss became nan, as asked for; choose failure: none"),
    "out_of_memory": lambda: MemoryError("out of memory, as asked for; choose failure: none"),
    "lost_worker": WorkerKilled,
    "bad_configuration": lambda: BadConfigurationError("nothing can be built, as asked for; choose failure: none"),
    "corrupt_image": lambda: CorruptImageError("an image is damaged, as asked for; choose failure: none"),
    "full_disk": lambda: OSError(errno.ENOSPC, "no space left on device, as asked for; choose failure: none"),
    "time_out": lambda: TimeoutError("out of time, as asked for; choose failure: none"),
}


def fake_score(x: float, epoch: int) -> float:
    """The score of the problem parabola after an epoch: best at `OPTIMUM_X`, rising with training, below 1."""
    return noise_free_score({"problem": "parabola", "x": x}, epoch)


def run_trial(job: TrialJob, report: Report) -> Finished:
    """Reports the known scores, one epoch after another.

    Args:
        job: with the parameters of `trainables.fake_parameters`.
        report: see `trainables.jobs`.

    Raises:
        Exception: of the kind that the parameter `failure` asks for; `lost_worker` kills this process.
    """
    try:
        for step in steps(job):
            match step:
                case Wait(seconds):
                    time.sleep(0.0 if job.params["virtual"] else seconds)
                case Finished():
                    return step
                case _:
                    report(step)
    except WorkerKilled:
        os.kill(os.getpid(), signal.SIGKILL)
    except SystemExit:  # the trial is stopped
        time.sleep(_SLOW_EXIT_S if job.params["failure"] == "slow_exit" else 0.0)
        raise
    raise RuntimeError("a trial ends with Finished or an exception; the fake's steps ended with neither")


def steps(job: TrialJob) -> Iterator[Step]:
    """A trial as events in order, the last one `Finished`. Closing it early is a trial stopped from outside.

    Raises:
        Exception: of the kind that the parameter `failure` asks for.
        WorkerKilled: `failure: lost_worker`.
    """
    layout = TrialLayout(Path(job.folder))
    layout.folder.mkdir(parents=True, exist_ok=True)
    attempt = _count_attempt(layout)
    saved = _checkpoint(job, layout)
    yield Started(trial_hash(job, None), saved.epoch)
    if saved.epoch:
        yield saved
    _check_memory(job)
    epochs = int(job.params["epochs"])
    for epoch in range(saved.epoch + 1, epochs + 1):
        yield Wait(float(job.params["epoch_s"]))
        _fail(job, epoch, attempt)
        if epoch in job.rungs:
            rung = Rung(epoch, score_after(job.params, epoch, job.seed), round(peak_gib(job), 3))
            _write_checkpoint(layout, rung)
            yield rung
    yield _finish(job, layout, epochs)


def peak_gib(job: TrialJob) -> float:
    """The most memory that the trial needs at once: with half the batch at a time, half of the activations."""
    return NETWORK_GIB + activations_gib(job.params) / job.accumulate


def _checkpoint(job: TrialJob, layout: TrialLayout) -> Rung:
    """The rung that the checkpoint was written at; epoch 0 for a job that starts anew, or finds none to go on from."""
    if job.start_epoch == 0 or not layout.checkpoint_note.is_file():
        return Rung(0, None)
    return Rung(**json.loads(layout.checkpoint_note.read_text(encoding="utf-8")))


def _check_memory(job: TrialJob) -> None:
    need, there = peak_gib(job), float(job.params["device_gib"])
    if need > there:
        raise MemoryError(f"out of memory: {need:.2f} GiB needed, {there:.2f} GiB there")


def _fail(job: TrialJob, epoch: int, attempt: int) -> None:
    if job.time_limit_s is not None and epoch * float(job.params["epoch_s"]) > job.time_limit_s:
        raise TimeoutError(f"trained for longer than {job.time_limit_s:g} s; raise search.trial_hours")
    if job.params["problem"] == "lr_like" and float(job.params["lr"]) >= DIVERGING_LR:
        raise NanLossError(f"the loss became nan in epoch {epoch}; lower lr")
    planned = _FAILURES.get(str(job.params["failure"]))
    if planned and epoch >= int(job.params["fail_epoch"]) and attempt <= int(job.params["failing_attempts"]):
        raise planned()


def _count_attempt(layout: TrialLayout) -> int:
    """The number of this attempt, from 1; kept in the trial's folder, where a killed worker leaves it."""
    file = layout.folder / "attempts.txt"
    attempt = 1 + (int(file.read_text()) if file.exists() else 0)
    write_atomically(file, str(attempt))
    return attempt


def _write_checkpoint(layout: TrialLayout, rung: Rung) -> None:
    write_atomically(layout.checkpoint, json.dumps({"epoch": rung.epoch}))
    write_atomically(layout.checkpoint_note, json.dumps(asdict(rung)))


def _finish(job: TrialJob, layout: TrialLayout, epochs: int) -> Finished:
    write_manifest(layout, ())
    score = score_after(job.params, epochs, job.seed)
    train_s = round(float(job.params["epoch_s"]) * epochs, 2)
    summary = {"model": "fake", "schedule": f"{epochs}e", "train_s": train_s, "peak_gib": round(peak_gib(job), 3)}
    return Finished(score, summary)
