"""What workers report, told to the study: the same translation for every driver of a search.

Decides nothing itself, and knows neither ray nor torch.
"""

from collections.abc import Mapping
from typing import Any

from orchestrator.study import Study


def tell(study: Study, number: int, report: Mapping[str, Any]) -> bool:
    """Tells the study one report of a trial.

    Args:
        study: the search's memory.
        number: of the trial.
        report: as `trainables.jobs` and `orchestrator.worker` make them; "phase" says which one it is.

    Returns:
        Whether the trial shall stop here.
    """
    match report["phase"]:
        case "started":
            study.started(number, report["config_hash"])
        case "rung":
            return study.rung(number, report["epoch"], report["score"])
        case "finished":
            study.finished(number, report["score"], report["summary"][0])
        case "failed":
            study.failed(number, report["kind"], report["reason"])
    return False


def lose(study: Study, number: int, reason: str) -> None:
    """Tells the study that a trial's worker is gone; a trial that has ended already is left as it is."""
    if study.is_running(number):
        study.failed(number, "lost worker", reason)
