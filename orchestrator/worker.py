"""What a Ray worker does with a trial: run it, pass its reports on, and turn every failure into a report.

Only a dead process reaches Ray's own failure handling, which cannot tell kinds of failure apart.
"""

import importlib
import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from results.layout import TrialLayout, write_atomically

if TYPE_CHECKING:
    from trainables.jobs import Finished, Report, Rung, Started, TrialJob
    from trainables.peak_memory import MemoryMeter
    from trainables.solving import Solver

# Where a detector's trials run that is no mmdet detector; nothing is solved or measured there.
_RUNNERS = {"fake": "trainables.fake"}
_MMDET_RUNNER = "trainables.trial"

Metrics = dict[str, Any]


def run_in_worker(config: Mapping[str, Any]) -> None:
    """The function that Ray Tune runs, in a reused process.

    Args:
        config: {"job": the fields of a `TrialJob` as JSON}.
    """
    from ray import tune

    from orchestrator.remote_solving import solver_beside_gpu
    from orchestrator.watchdog import ended_if_hung

    job = json.loads(config["job"])
    with ended_if_hung(job):
        end = end_of_trial(job, tune.report, solver_beside_gpu())
    tune.report(end)


def end_of_trial(job: Mapping[str, Any], report: Callable[[Metrics], None], solver: "Solver | None" = None) -> Metrics:
    """Runs a trial and says how it ended.

    Args:
        job: the fields of a `TrialJob`.
        report: takes the report of each rung; what it raises to stop the trial (SystemExit) passes through.
        solver: of the post tier; None solves in this process.

    Returns:
        The last report: phase "finished" or "failed".
    """
    from trainables.jobs import TrialJob
    from trainables.peak_memory import MemoryMeter

    detector = str(job["detector"])
    meter = None if detector in _RUNNERS else MemoryMeter()
    try:
        finished = _runner(detector, solver)(TrialJob.from_dict(job), _measuring(report, meter))
    except Exception as error:  # any failure of user code is a result, with its kind
        _keep_traceback(Path(str(job["folder"])))
        return failure_report(error, meter.peak_gib() if meter else None)
    measured = {"peak_gib": meter.peak_gib()} if meter else {}
    return replace(finished, summary={**finished.summary, **measured}).to_metrics()


def _measuring(report: Callable[[Metrics], None], meter: "MemoryMeter | None") -> "Report":
    """Adds the memory held so far to each rung: a trial that is stopped early says what it needs, too."""

    def measured(event: "Started | Rung") -> None:
        metrics = event.to_metrics()
        report(metrics | {"peak_gib": meter.peak_gib()} if meter and metrics["phase"] == "rung" else metrics)

    return measured


def failure_report(error: Exception, peak_gib: float | None = None) -> Metrics:
    """The last report of a trial that an exception ended."""
    from trainables.failures import failure_fingerprint, failure_kind, failure_reason
    from trainables.jobs import Failed

    return Failed(failure_kind(error), failure_reason(error), failure_fingerprint(error), peak_gib).to_metrics()


def _runner(detector: str, solver: "Solver | None") -> "Callable[[TrialJob, Report], Finished]":
    run: Callable[..., Finished] = importlib.import_module(_RUNNERS.get(detector, _MMDET_RUNNER)).run_trial
    return run if solver is None or detector in _RUNNERS else partial(run, solver=solver)


def _keep_traceback(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(TrialLayout(folder).log, traceback.format_exc())
