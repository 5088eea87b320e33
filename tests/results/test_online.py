import hashlib
from pathlib import Path

import pytest

from results.errors import DamagedFileError, InputError
from results.online import read_online, record_online


def test_a_score_is_kept_with_the_submissions_content(tmp_path: Path) -> None:
    submission, path = tmp_path / "s.json", tmp_path / "online.jsonl"
    submission.write_text("first")
    record_online(path, submission, "0.7994")
    submission.write_text("second")
    record_online(path, submission, "0.81")
    scores = read_online(path)
    assert [entry.score for entry in scores] == [0.7994, 0.81]
    assert [entry.sha256 for entry in scores] == [hashlib.sha256(text).hexdigest() for text in (b"first", b"second")]
    assert scores[0].time <= scores[1].time


@pytest.mark.parametrize("score", ["nan", "inf", "", "0,8", "best"])
def test_what_is_no_score_is_refused_and_not_kept(tmp_path: Path, score: str) -> None:
    submission, path = tmp_path / "s.json", tmp_path / "online.jsonl"
    submission.write_text("x")
    with pytest.raises(InputError, match="finite number"):
        record_online(path, submission, score)
    assert read_online(path) == []


def test_a_score_needs_its_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        record_online(tmp_path / "online.jsonl", tmp_path / "s.json", "0.5")


def test_lines_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "online.jsonl"
    path.write_text('{"event": "run"}\n')
    with pytest.raises(DamagedFileError, match="--record` only"):
        read_online(path)
