"""What a Ray worker does with a trial: run it, pass its reports on, and turn every failure into a report.

Only a dead process reaches Ray's own failure handling, which cannot tell kinds of failure apart.
"""

import importlib
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from results.layout import TrialLayout, write_atomically

# Where a detector's trials run; everything else is an mmdet detector.
_RUNNERS = {"fake": "trainables.fake"}
_MMDET_RUNNER = "trainables.trial"

Metrics = dict[str, Any]


def run_in_worker(config: Mapping[str, Any]) -> None:
    """The function that Ray Tune runs, in a reused process.

    Args:
        config: {"job": the fields of a `TrialJob`}.
    """
    from ray import tune

    job = config["job"]
    tune.report(end_of_trial(job, tune.report))


def end_of_trial(job: Mapping[str, Any], report: Callable[[Metrics], None]) -> Metrics:
    """Runs a trial and says how it ended.

    Args:
        job: the fields of a `TrialJob`.
        report: takes the report of each rung; what it raises to stop the trial (SystemExit) passes through.

    Returns:
        The last report: phase "finished" or "failed".
    """
    from trainables.jobs import Finished, TrialJob

    try:
        runner = importlib.import_module(_RUNNERS.get(str(job["detector"]), _MMDET_RUNNER))
        finished: Finished = runner.run_trial(TrialJob.from_dict(job), lambda event: report(event.to_metrics()))
    except Exception as error:  # any failure of user code is a result, with its kind
        _keep_traceback(Path(str(job["folder"])))
        return failure_report(error)
    return finished.to_metrics()


def failure_report(error: Exception) -> Metrics:
    """The last report of a trial that an exception ended."""
    from trainables.failures import failure_fingerprint, failure_kind, failure_reason
    from trainables.jobs import Failed

    return Failed(failure_kind(error), failure_reason(error), failure_fingerprint(error)).to_metrics()


def _keep_traceback(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(TrialLayout(folder).log, traceback.format_exc())
