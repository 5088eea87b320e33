import json
from collections.abc import Callable
from pathlib import Path

import pytest

from results.errors import DamagedFileError
from results.layout import RunLayout, TrialLayout, write_atomically
from results.trial_manifest import best_whole, check_whole, checked, damage, report_files, write_manifest
from results.trial_records import COMPLETE, TrialRecord

RECORDS = [TrialRecord(number, state=COMPLETE, score=0.9 - number / 10) for number in range(3)]


@pytest.fixture
def run(tmp_path: Path) -> RunLayout:
    """Three trials, the best first, each with what a report reads and its weights."""
    run = RunLayout(tmp_path)
    for record in RECORDS:
        trial = run.trial(record.number)
        files = (trial.config, trial.outcome, trial.truth, trial.raw, trial.detections, trial.weights)
        for path in (*files, trial.prepared / "sweep.arrow"):
            write_atomically(path, f"{path.name} of {record.number}")
        write_manifest(trial, (*files, trial.prepared / "sweep.arrow"))
    return run


def flip(path: Path, bit: int = 9) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["config.json", "outcome.json", "truth.arrow", "raw.arrow", "prepared/sweep.arrow"])
def test_one_flipped_bit_names_its_file(run: RunLayout, name: str) -> None:
    trial = run.trial(1)
    assert damage(trial, report_files(trial)) is None
    flip(trial.folder / name)
    fault = damage(trial, report_files(trial))
    assert fault is not None and f"0001/{name} is damaged (sha256 must be" in fault
    with pytest.raises(DamagedFileError, match=name):
        check_whole(trial, report_files(trial))


def test_no_flipped_bit_of_a_manifest_passes_or_blames_another_file(run: RunLayout) -> None:
    trial = run.trial(0)
    content = trial.manifest.read_bytes()
    for bit in range(0, 8 * len(content), 7):
        flip(trial.manifest, bit)
        fault = damage(trial, report_files(trial))
        if json.loads(content) != _parsed(trial.manifest):  # else white space that means the same
            assert fault is not None and "manifest.json is damaged" in fault
        trial.manifest.write_bytes(content)


def _parsed(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except ValueError:
        return None


@pytest.mark.parametrize("content", ["", "[]", "3", '{"files": 3}', '{"files": {"raw.arrow": "x"}}', "[" * 10_000, "{"])
def test_a_cut_manifest_is_damage(run: RunLayout, content: str) -> None:
    trial = run.trial(0)
    trial.manifest.write_text(content)
    assert "manifest.json is damaged" in str(damage(trial))


def _without_manifest(trial: TrialLayout) -> None:
    trial.manifest.unlink()


def _without_raw(trial: TrialLayout) -> None:
    trial.raw.unlink()


def _not_listed(trial: TrialLayout) -> None:
    write_manifest(trial, (trial.config,))


@pytest.mark.parametrize(
    ("change", "said"),
    [(_without_manifest, "is missing, which is"), (_without_raw, "raw.arrow is missing"), (_not_listed, "is not in")],
)
def test_what_is_not_there_or_not_listed_is_damage(
    run: RunLayout, change: Callable[[TrialLayout], None], said: str
) -> None:
    change(run.trial(0))
    assert said in str(damage(run.trial(0), report_files(run.trial(0))))


def test_weights_and_prepared_sets_may_go_and_a_trial_without_files_is_whole(run: RunLayout) -> None:
    trial = run.trial(0)
    trial.weights.unlink()
    (trial.prepared / "sweep.arrow").unlink()
    assert damage(trial) is None
    assert damage(run.trial(7)) is None


def test_manifests_of_the_first_version_are_read_by_their_sizes_and_said(run: RunLayout) -> None:
    trial = run.trial(0)
    files = report_files(trial)[:-1]
    write_atomically(trial.manifest, json.dumps({"files": {path.name: path.stat().st_size for path in files}}))
    found = checked(run, RECORDS, report_files, 10)
    assert (len(found.sound), found.unverified) == (3, (0,))
    assert found.lines() == ["Not verified (an earlier version kept sizes, no hashes): files of trial 0."]
    trial.raw.write_text("longer than it was")
    assert "raw.arrow is damaged (must be 14 bytes, got 18)" in checked(run, RECORDS, report_files, 10).lines()[0]


def test_the_best_whole_trial_stands_in_for_a_damaged_one_aloud(
    run: RunLayout, capsys: pytest.CaptureFixture[str]
) -> None:
    flip(run.trial(0).weights)
    assert best_whole(run, RECORDS, {0, 1, 2}) == 1
    assert "Trial 0 is left out" in capsys.readouterr().out
    assert [one.number for one in checked(run, RECORDS, report_files, 2).sound] == [0, 1]
    with pytest.raises(DamagedFileError, match=r"weights\.pth"):
        best_whole(run, RECORDS, {0})
