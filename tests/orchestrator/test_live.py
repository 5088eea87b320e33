import io
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from orchestrator.live import LiveView
from orchestrator.progress import Progress
from orchestrator.study import Study
from results.layout import RunLayout
from results.leaderboard import show
from results.screen import Screen
from results.trial_records import FAIL, TrialRecord

REASONS = ["KeyError: ['x'] [/] [bold]a[/bold]", "d33 [v2]/图.jpg cannot be read [/images]", "codes \x1b[2J"]


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_is_printed_whole_whatever_it_holds(reason: str) -> None:
    records: dict[int, TrialRecord] = {}
    study = cast(Study, SimpleNamespace(records=records))
    out = io.StringIO()
    view = LiveView(study, Progress("x", records, 1, 1), Screen(out))
    records[0] = TrialRecord(0, state=FAIL, reason=reason)
    view.say_change(study, {"event": "finished", "number": 0})
    assert f"({reason})".replace("\x1b", "\\u001b") in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_a_reason_of_several_lines_is_printed_on_one() -> None:
    records: dict[int, TrialRecord] = {}
    out, study = io.StringIO(), cast(Study, SimpleNamespace(records=records))
    view = LiveView(study, Progress("x", records, 1, 1), Screen(out))
    records[0] = TrialRecord(0, state=FAIL, reason="first\n  second\r\nthird")
    view.say_change(study, {"event": "finished", "number": 0})
    assert len(out.getvalue().splitlines()) == 1 and "(first second third)" in out.getvalue()


@pytest.mark.parametrize("reason", REASONS)
def test_the_last_screen_and_the_leaderboard_print_it_too(reason: str, tmp_path: Path) -> None:
    out = io.StringIO()
    show(Screen(out, 200), RunLayout(tmp_path / "x"), [TrialRecord(0, state=FAIL, reason=reason)], "coco50")
    assert reason.split("\x1b", maxsplit=1)[0] in out.getvalue() and "\x1b" not in out.getvalue()
