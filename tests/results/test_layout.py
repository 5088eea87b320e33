import json
import os
import resource
from pathlib import Path

import pytest

from results.errors import InputError
from results.layout import (
    RunLayout,
    chosen_run,
    fresh_run,
    newest_run,
    run_layout,
    run_named,
    runs_root,
    write_atomically,
)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _make_run(name: str, time_s: float) -> RunLayout:
    run = run_layout(name)
    write_atomically(run.ledger, json.dumps({"event": "run", "time": time_s}) + "\n")
    return run


def test_runs_lie_under_the_current_directory(tmp_path: Path) -> None:
    assert runs_root().resolve() == tmp_path / "runs"
    assert run_layout("a").ledger == Path("runs/a/ledger.jsonl")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "a b", "-a", "a\n", "é", "a" * 101])
def test_a_bad_run_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="run's name"):
        run_layout(name)


def test_an_unknown_run_names_the_nearest() -> None:
    _make_run("cascade-1", 1.0)
    _make_run("fcos-1", 2.0)
    with pytest.raises(InputError, match="'cascade-1'"):
        run_named("cascad-1")


def test_without_any_run_the_message_says_so() -> None:
    with pytest.raises(InputError, match="no run"):
        run_named("a")
    with pytest.raises(InputError, match="start a search"):
        newest_run()


def test_a_folder_without_a_ledger_is_no_run() -> None:
    Path("runs/half").mkdir(parents=True)
    with pytest.raises(InputError):
        run_named("half")
    assert fresh_run("half").name == "half"


def test_a_taken_name_is_no_fresh_run() -> None:
    _make_run("a", 1.0)
    with pytest.raises(InputError, match="--resume"):
        fresh_run("a")


def test_the_newest_run_is_the_one_created_last_not_written_last() -> None:
    newer, older = _make_run("b", 20.0), _make_run("z", 10.0)
    os.utime(newer.ledger, (1, 1))
    os.utime(older.ledger, (9, 9))
    assert newest_run() == newer == chosen_run(None)
    assert chosen_run("z") == older


def test_a_damaged_header_does_not_hide_the_other_runs() -> None:
    good = _make_run("a", 1.0)
    write_atomically(run_layout("b").ledger, "{not json\n")
    assert newest_run() == good


def test_trial_folders_sort_by_name() -> None:
    run = run_layout("a")
    assert [run.trial(number).folder.name for number in (3, 12, 10000)] == ["0003", "0012", "10000"]
    with pytest.raises(ValueError, match="received -1"):
        run.trial(-1)


def test_no_two_files_of_a_trial_share_a_path() -> None:
    trial = run_layout("a").trial(0)
    names = ["config", "raw", "detections", "truth", "weights", "outcome", "manifest", "log"]
    assert len({getattr(trial, name) for name in names}) == len(names)


def test_an_atomic_write_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    write_atomically(path, "one")
    write_atomically(path, b"\xff")
    assert path.read_bytes() == b"\xff"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, "old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2, limits[1]))
    try:
        with pytest.raises(OSError):
            write_atomically(path, "longer")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
