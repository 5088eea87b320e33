"""What workers report, told to the study: the same translation for every driver of a search.

Decides nothing itself, and knows neither ray nor torch.
"""

from collections.abc import Mapping
from typing import Any

from orchestrator.study import Study
from trainables.failures import BAD_CONFIGURATION, LOST_WORKER


def tell(study: Study, number: int, report: Mapping[str, Any], expected_hash: str | None = None) -> bool:
    """Tells the study one report of a trial.

    Args:
        study: the search's memory.
        number: of the trial.
        report: as `trainables.jobs` and `orchestrator.worker` make them; "phase" says which one it is.
        expected_hash: of what the worker was asked to build; None where nobody compares.

    Returns:
        Whether the trial shall stop here.
    """
    match report["phase"]:
        case "started":
            study.started(number, report["config_hash"], report["epoch"])
            return _is_something_else(study, number, report["config_hash"], expected_hash)
        case "rung":
            return study.rung(number, report["epoch"], report["score"], report["peak_gib"])
        case "finished":
            study.finished(number, report["score"], report["summary"][0])
        case "failed":
            _fail(study, number, report)
    return False


def lose(study: Study, number: int, reason: str, kind: str = LOST_WORKER) -> None:
    """Tells the study that a trial's worker is gone; a trial that has ended already is left as it is.

    Args:
        study: the search's memory.
        number: of the trial.
        reason: what is known of it.
        kind: OUT_OF_MEMORY where the machine's memory was used up, else LOST_WORKER.
    """
    if study.is_running(number):
        _fail(study, number, {"kind": kind, "reason": reason, "fingerprint": None, "peak_gib": None})


def _fail(study: Study, number: int, report: Mapping[str, Any]) -> None:
    kind, reason = report["kind"], report["reason"]
    if kind == LOST_WORKER:  # a process that loaded its images: the trial can go on as if it had been its own
        study.lost(number, reason)
    else:
        study.failed(number, kind, reason, report["fingerprint"], report["peak_gib"])


def _is_something_else(study: Study, number: int, built: str, expected: str | None) -> bool:
    if expected is None or built == expected:
        return False
    reason = f"the worker built something else: hash {built}, asked for {expected}; has it another version of the code?"
    study.failed(number, BAD_CONFIGURATION, reason, fingerprint="built something else")
    return True
