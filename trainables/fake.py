"""A detector that is none: a deterministic score with a known optimum, real seconds, and failures on demand.

For tests of the search around it. It needs neither torch nor images; the product never chooses it by itself.
"""

import math
import os
import signal
import time
from pathlib import Path

from results.layout import TrialLayout, write_atomically
from trainables.failures import NanLossError
from trainables.jobs import Finished, Report, Rung, Started, TrialJob

OPTIMUM_X = 0.7


def fake_score(x: float, epoch: int) -> float:
    """The score after an epoch: best at `OPTIMUM_X`, rising with training, below 1."""
    return (1 - (x - OPTIMUM_X) ** 2) * (1 - math.exp(-epoch / 3))


def run_trial(job: TrialJob, report: Report) -> Finished:
    """Reports the known scores, one epoch after another.

    Args:
        job: with params `x`, `epoch_s` (seconds an epoch takes), `epochs` and `failure`.
        report: see `trainables.jobs`.

    Raises:
        NanLossError, MemoryError: when `failure` asks for them.
    """
    layout = TrialLayout(Path(job.folder))
    layout.folder.mkdir(parents=True, exist_ok=True)
    report(Started(f"fake {job.params['x']:.6f}"))
    epochs = int(job.params["epochs"])
    for epoch in range(1, epochs + 1):
        time.sleep(float(job.params["epoch_s"]))
        _fail(str(job.params["failure"]))
        if epoch in job.rungs:
            report(Rung(epoch, fake_score(float(job.params["x"]), epoch)))
    score = fake_score(float(job.params["x"]), epochs)
    write_atomically(layout.manifest, "{}\n")
    return Finished(score, {"model": "fake", "schedule": f"{epochs}e"})


def _fail(kind: str) -> None:
    match kind:
        case "nan_loss":
            raise NanLossError("the loss became nan, as asked for; choose failure: none")
        case "out_of_memory":
            raise MemoryError("out of memory, as asked for; choose failure: none")
        case "lost_worker":
            os.kill(os.getpid(), signal.SIGKILL)
