from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from orchestrator.progress import Progress, best_score, clock, headline, remaining_s, render
from results.trial_records import COMPLETE, FAIL, PRUNED, RUNNING, TrialRecord

LONG = {"backbone": "resnext101_32x4d", "lr": 0.00123456, "train_scale": "2048x1200..2048x1800", "rpn_pos_iou": 0.7}
BROKEN = "CUDA 画布\n" + "x" * 300


def _record(number: int, state: str, *rungs: tuple[int, float | None], **fields: Any) -> TrialRecord:
    params = {**LONG, **fields.pop("params", {})}
    return TrialRecord(number, params, state=state, rungs=rungs, **fields)


RECORDS = {
    0: _record(0, COMPLETE, (1, 0.4), (12, 0.512345), score=0.512345, params={"epochs": 12}),
    1: _record(1, PRUNED, (3, 0.2), score=0.2, reason="worse " * 30, params={"lr": 0.02}),
    2: _record(2, FAIL, kind="out of memory", reason=BROKEN, params={"backbone": "resnet50"}),
    3: _record(3, RUNNING, (1, None), params={"lr": 0.5}),
    4: TrialRecord(4),
}
PROGRESS = Progress(
    "cascade-20261123-204103", RECORDS, 60, 24, elapsed_s=3725.0, ended_here=3, dashboard="127.0.0.1:8265"
)


def _lines(progress: Progress, width: int) -> list[str]:
    console = Console(record=True, width=width, file=StringIO(), color_system=None)
    console.print(render(progress))
    return console.export_text().splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_no_row_wraps_and_every_column_is_readable(width: int) -> None:
    lines = _lines(PROGRESS, width)
    top = next(index for index, line in enumerate(lines) if line.startswith("trial"))
    assert len(lines) == top + 1 + len(RECORDS)
    assert lines[top].split() == ["trial", "state", "epoch", "score", "best", "so", "far", "settings"]
    assert [line.split()[:5] for line in lines[top + 1 :]] == [
        ["0", "COMPLETE", "12/12", "0.5123", "0.5123"],
        ["1", "PRUNED", "3/24", "0.2000", "0.5123"],
        ["2", "FAIL", "0/24", "-", "0.5123"],
        ["3", "RUNNING", "1/24", "-", "0.5123"],
        ["4", "RUNNING", "0/24", "-", "0.5123"],
    ]
    assert "…" in lines[top + 2]


@pytest.mark.parametrize("width", [80, 120])
def test_the_headline_says_how_far_how_good_and_how_long(width: int) -> None:
    said = " ".join(_lines(PROGRESS, width))
    assert "about 19:39:35 left" in _lines(PROGRESS, width)[1]
    for part in ("3 of 60 trials", "best 0.5123", "1:02:05", "left", "http://127.0.0.1:8265"):
        assert part in said


def test_a_failure_shows_its_kind_first() -> None:
    assert "out of memory" in next(line for line in _lines(PROGRESS, 80) if " FAIL " in line)


def test_only_what_differs_is_shown_of_the_settings() -> None:
    shown = next(line for line in _lines(PROGRESS, 120) if line.strip().startswith("0 "))
    assert "lr=0.00123" in shown
    assert "rpn_pos_iou" not in shown


def test_the_newest_rows_are_kept_and_the_best_of_all() -> None:
    many = {n: TrialRecord(n, {"x": n / 100}, state=COMPLETE, score=(100 - n) / 100) for n in range(100)}
    rows = _lines(replace(PROGRESS, records=many), 80)
    assert rows[-1].split()[:5] == ["99", "COMPLETE", "0/24", "0.0100", "1.0000"]
    assert len(rows) == 3 + 20


def test_no_trials_yet() -> None:
    empty = Progress("a", {}, 8, 4)
    assert [line.split()[:1] for line in _lines(empty, 80)] == [["a"], ["0"], ["trial"]]
    assert best_score({}) is None
    assert remaining_s(empty) is None
    assert headline(empty).plain == "a\n0 of 8 trials ended  best -  elapsed 0:00  about ? left"


def test_time_left_comes_from_this_sessions_pace_and_ends_with_the_budget() -> None:
    assert remaining_s(PROGRESS) == pytest.approx(3725 / 3 * 57)
    assert remaining_s(replace(PROGRESS, left_s=60.0)) == 60.0
    assert remaining_s(replace(PROGRESS, ended_here=0)) is None
    assert remaining_s(replace(PROGRESS, trials=3)) == 0.0


def test_a_clock_reads_hours_minutes_seconds() -> None:
    assert [clock(seconds) for seconds in (None, 0, 59.6, 3725)] == ["?", "0:00", "1:00", "1:02:05"]


def test_confirmations_and_earlier_results_are_counted_beside_the_trials() -> None:
    extra = {5: TrialRecord(5, state=COMPLETE, score=0.1, origin="a/3"), 6: TrialRecord(6, confirms=0, seed=1)}
    progress = replace(PROGRESS, records=RECORDS | extra)
    assert "3 of 60 trials ended  1 confirmations  1 of earlier runs" in headline(progress).plain
    assert remaining_s(replace(progress, trials=3)) == pytest.approx(3725 / 3)


def test_a_confirmation_is_marked_and_does_not_raise_the_best() -> None:
    lucky = TrialRecord(9, state=COMPLETE, score=0.99, confirms=0)
    rows = _lines(replace(PROGRESS, records=RECORDS | {9: lucky}), 80)
    assert rows[-1].split()[3:] == ["0.9900", "0.5123", "confirms", "trial", "0"]
