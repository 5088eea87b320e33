import json
from pathlib import Path

import pytest

from results.commands import run_command
from results.score import main

TRUTH = {
    "images": [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 100}],
    "categories": [{"id": 0, "name": "background"}, {"id": 1, "name": "cap broken"}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 30, 30], "iscrowd": 0}],
}
ROWS = [{"image_id": 1, "category_id": c, "bbox": [10, 10, 30, 30], "score": 0.5} for c in (0, 1)]


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    (tmp_path / "truth.json").write_text(json.dumps(TRUTH))
    (tmp_path / "found.json").write_text(json.dumps(ROWS))
    files = ["--truth", str(tmp_path / "truth.json"), "--detections", str(tmp_path / "found.json")]
    return [*files, "--rule", "bottle_round1"]


def test_json_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(main, [*arguments, "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    content = json.loads(lines[0])
    assert content["score"] == 1.0
    assert content["ap"] == {"1": 1.0} | {str(id_): None for id_ in range(2, 11)}


def test_text_says_what_was_ignored_and_renormalised(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(main, arguments) == 0
    text = capsys.readouterr().out
    assert "ignored: 1 detections of category 0" in text
    assert "renormalised" in text
    assert "not confirmed" in text


def test_wrong_input_is_one_line_and_exit_code_2(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "found.json").write_text(json.dumps([{**ROWS[0], "image_id": 5}]))
    assert run_command(main, arguments) == 2
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 1
    assert "row 0" in error[0]


def test_a_rule_may_drop_bad_rows_and_they_are_counted(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [ROWS[1], {**ROWS[1], "image_id": 5}, {**ROWS[1], "bbox": [0, 0, -1, 2]}, {**ROWS[1], "score": float("nan")}]
    (tmp_path / "found.json").write_text(json.dumps(rows))
    rule = tmp_path / "lenient.yaml"
    for bad_rows, code in (("refuse", 2), ("drop", 0)):
        rule.write_text(f"{{name: lenient, requirement: {{iou: [0.5]}}, bad_rows: {bad_rows}}}")
        assert run_command(main, [*arguments[:4], "--rule", str(rule)]) == code
    assert capsys.readouterr().out.count("dropped: 1 detections") == 3
    run_command(main, [*arguments[:4], "--rule", str(rule), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["score"] == 1.0 and sum(found["dropped"].values()) == 3


@pytest.mark.parametrize(("rule", "expected"), [("f1_macro", 2 / 3), ("f1_micro", 2 / 3), ("voc50", 1.0)])
def test_the_command_gives_what_the_rule_measures(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], rule: str, expected: float
) -> None:
    false_alarm = {**ROWS[1], "bbox": [60, 60, 9, 9], "score": 0.1}
    (tmp_path / "found.json").write_text(json.dumps([ROWS[1], false_alarm]))
    assert run_command(main, [*arguments[:4], "--rule", rule, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["score"] == pytest.approx(expected)
