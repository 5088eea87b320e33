import io
import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from rich.console import Console

from results.commands import run_command
from results.layout import run_layout
from results.leaderboard import as_json, main
from results.leaderboard_notes import overlap_note
from results.leaderboard_table import render
from results.ledger import Ledger
from results.online import OnlineScore
from results.ranking import best_first, scored
from results.trial_records import COMPLETE, FAIL, PRUNED, RUNNING, TrialRecord

SUMMARY = {
    "model": "cascade_rcnn",
    "backbone": "resnext101_32x4d",
    "schedule": "12e step",
    "param_m": 99.2,
    "fps": 12.34,
    "coco": {"AP": 0.123, "AP50": 0.234, "AP75": 0.345, "APs": 0.456, "APm": 0.567, "APl": None},
    "interval": [0.65, 0.712],
}
TRIALS = [
    TrialRecord(0, state=COMPLETE, score=0.5, summary=SUMMARY),
    TrialRecord(1, state=PRUNED, rungs=((4, 0.9),), reason="worse than the others"),
    TrialRecord(2, state=FAIL, kind="out of memory", reason="[red]2 GiB\nwanted " * 20),
    TrialRecord(3, {"lr": 0.01}, "known", COMPLETE, 0.7, summary=SUMMARY),
    TrialRecord(4, state=RUNNING),
    TrialRecord(5, state=COMPLETE, score=None),
]
TITLES = [
    "Trial",
    "Model",
    "Backbone",
    "Lr",
    "schd",
    "Param",
    "(M)",
    "FPS",
    "AP",
    "AP50",
    "AP75",
    "APs",
    "APm",
    "APl",
    "Score",
]


def _shown(records: Iterable[TrialRecord], width: int, online: list[OnlineScore] | None = None) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=width).print(render(records, width, "night", online or []))
    return [line.rstrip() for line in text.getvalue().splitlines()]


def _run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with Ledger.create(run_layout("night").ledger, {}) as ledger:
        for number, score in enumerate([0.5, 0.7]):
            ledger.append({"event": "asked", "number": number, "params": {"lr": 0.1}})
            ledger.append(
                {"event": "finished", "number": number, "state": "COMPLETE", "score": score, "summary": SUMMARY}
            )


def test_the_best_finished_trial_comes_first_and_failures_last() -> None:
    assert [record.number for record in best_first(TRIALS)] == [3, 0, 5, 4, 1, 2]


def test_the_logs_columns_are_there_in_their_order_at_120() -> None:
    lines = _shown(TRIALS, 120)
    assert lines[1].split() == [*" ".join(TITLES).split(), "95%"]
    assert lines[3].split() == [
        *("3", "cascade_rcnn", "resnext101_32x4d", "12e", "step", "99.2", "12.3", "0.123", "0.234", "0.345"),
        *("0.456", "0.567", "-", "0.7000*", "0.650-0.712"),
    ]
    assert lines[0] == "night: 6 trials (3 COMPLETE, 1 RUNNING, 1 PRUNED, 1 FAIL)"


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_no_row_is_wrapped(width: int) -> None:
    lines = _shown(TRIALS, width, [OnlineScore("a/" * 90 + "s.json", "f" * 64, 0.7994, 0.0)])
    assert max(map(len, lines)) <= width
    assert sum(line.strip().startswith(tuple("012345")) for line in lines) == len(TRIALS) + 1


def test_columns_without_room_are_named() -> None:
    narrow = "\n".join(_shown(TRIALS, 80))
    assert "no room for Param (M), FPS, AP75, APs, APm, APl" in narrow
    assert "Score" in narrow and "0.7000" in narrow
    assert "no room" not in "\n".join(_shown(TRIALS, 120))


def test_a_long_board_shows_the_best_and_says_how_many_more_there_are() -> None:
    complete = [TrialRecord(number, state=COMPLETE, score=number / 1000) for number in range(250)]
    pruned = [TrialRecord(number, state=PRUNED) for number in range(250, 400)]
    lines = _shown([*complete, *pruned, TrialRecord(400, state=FAIL, kind="error")], 100)
    assert [lines[row].split()[0] for row in (3, 102)] == ["249", "150"]
    assert sum(" PRUNED " in line for line in lines) == 100
    assert lines[-1] == "200 more trials: --json lists them all"
    assert any(" FAIL " in line for line in lines)


def test_reasons_are_shown_as_they_are_and_cut() -> None:
    (line,) = [line for line in _shown(TRIALS, 100) if " FAIL " in line]
    assert "out of memory: [red]2 GiB wanted [red]2" in line
    assert line.endswith("…")


def test_a_trial_that_ended_early_shows_the_detector_of_its_point() -> None:
    lines = _shown([*TRIALS, TrialRecord(9, state=PRUNED, params={"detector": "reppoints", "backbone": "r18"})], 120)
    assert any(" reppoints " in line and " PRUNED " in line for line in lines)


def test_without_trials_the_page_says_so() -> None:
    assert _shown([], 80) == ["night: 0 trials (none yet)"]


def test_milliseconds_are_shown_where_they_were_measured() -> None:
    timed = TrialRecord(6, state=COMPLETE, score=0.6, summary={"ms_per_image": 41.56})
    lines = _shown([*TRIALS, timed], 200)
    assert "ms" in lines[1].split()
    (line,) = [line for line in lines if line.split()[:1] == ["6"]]
    assert line.split()[-3:] == ["41.6", "0.6000*", "-"]


def test_training_variance_stands_beside_image_variance() -> None:
    again = [TrialRecord(10 + k, state=COMPLETE, score=0.6 + k / 50, confirms=3) for k in range(3)]
    lines = _shown([*TRIALS, *again], 120)
    (place,) = [place for place, line in enumerate(lines) if line.startswith("Confirmed")]
    assert lines[place + 2].split() == ["3", "0.7000", "0.650-0.712", "0.6200", "0.0200", "10,", "11,", "12"]


def test_json_says_what_is_best_at_its_speed_and_how_seeds_spread() -> None:
    again = [TrialRecord(10 + k, state=COMPLETE, score=0.6 + k / 50, confirms=3) for k in range(3)]
    by_number = {one["trial"]: one for one in json.loads(as_json([*TRIALS, *again]))["trials"]}
    assert (by_number[3]["pareto"], by_number[0]["pareto"]) == (True, False)
    assert by_number[3]["seeds"]["sd"] == pytest.approx(0.02)
    assert (by_number[10]["confirms"], "seeds" in by_number[0]) == (3, False)


def test_json_is_one_line_best_first() -> None:
    text = as_json(TRIALS)
    assert "\n" not in text
    first, *_, last = json.loads(text)["trials"]
    assert first["trial"] == 3
    assert {
        "state": "COMPLETE",
        "score": 0.7,
        "params": {"lr": 0.01},
        "interval": [0.65, 0.712],
    }.items() <= first.items()
    assert first["coco"]["AP50"] == 0.234
    assert (last["state"], last["score"], last["kind"], last["interval"]) == ("FAIL", None, "out of memory", None)


def test_a_summary_cannot_overwrite_what_the_ledger_says() -> None:
    record = TrialRecord(0, {"lr": 1}, state=COMPLETE, score=0.5, summary={"score": 9, "state": "x", "trial": 7})
    (entry,) = json.loads(as_json([record]))["trials"]
    assert (entry["score"], entry["state"], entry["trial"]) == (0.5, "COMPLETE", 0)


def test_the_command_prints_one_line_of_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(tmp_path, monkeypatch)
    assert run_command(main, ["--json"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert [trial["trial"] for trial in json.loads(out)["trials"]] == [1, 0]


def test_an_online_score_is_recorded_and_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(tmp_path, monkeypatch)
    Path("submission.json").write_text("{}")
    assert run_command(main, ["--run", "night", "--record", "submission.json", "0.7994"]) == 0
    assert "0.7994" in capsys.readouterr().out
    assert run_command(main, ["--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)["online"]
    assert (entry["score"], entry["file"]) == (0.7994, "submission.json")


def test_an_unknown_run_is_the_users_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(tmp_path, monkeypatch)
    assert run_command(main, ["--run", "nigth"]) == 2
    assert "'night'" in capsys.readouterr().err


def test_an_allowed_overlap_is_said_below_the_board() -> None:
    assert overlap_note({"overlap": []}) == overlap_note({}) == []
    assert overlap_note({"overlap": ["3 images of val"]}) == ["Scores here are too high: 3 images of val."]


def test_lucky_confirmations_are_listed_after_the_trials_and_never_first() -> None:
    lucky = [TrialRecord(10 + k, state=COMPLETE, score=0.9, confirms=3, summary=SUMMARY) for k in range(2)]
    assert [record.number for record in best_first([*lucky, *TRIALS])][:5] == [3, 0, 5, 10, 11]
    assert [record.number for record in scored([*lucky, *TRIALS])] == [3, 0]
    lines = _shown([*lucky, *TRIALS], 120)
    assert [line.split()[0] for line in lines[3:6]] == ["3", "0", "5"]
    assert [line.split()[-3:] for line in lines if line.split()[:2] == ["10", "COMPLETE"]] == [
        ["confirms", "trial", "3"]
    ]
    listed = json.loads(as_json([*lucky, *TRIALS]))["trials"]
    assert [(one["trial"], one["pareto"]) for one in listed][:4] == [(3, True), (0, False), (5, False), (10, False)]
