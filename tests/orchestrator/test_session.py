from pathlib import Path

from orchestrator.session import traceback_of
from results.layout import RunLayout, write_atomically
from results.trial_records import FAIL, TrialRecord


def test_after_failures_alike_the_advice_can_be_followed(tmp_path: Path) -> None:
    layout = RunLayout(tmp_path / "night")
    write_atomically(layout.trial(2).log, "Traceback\nKeyError: 'bbox'\n")
    said = traceback_of(layout, TrialRecord(2, state=FAIL, reason="KeyError"))
    trace, advice = said.splitlines()[:2], said.splitlines()[2]
    assert trace == ["Traceback", "KeyError: 'bbox'"]
    assert "mend code, data or environment, then go on with --resume" in advice
    assert advice.endswith("under a new --name with warm_start: night")
