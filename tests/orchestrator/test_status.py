from pathlib import Path

import pytest

from orchestrator import monitor, status
from orchestrator.progress import headline, remaining_s
from orchestrator.status import read_progress
from results import leaderboard
from results.commands import run_command
from results.layout import RunLayout
from results.ledger import Ledger
from results.trial_records import COMPLETE, RUNNING

ASKED = [{"event": "asked", "number": number, "params": {"x": number / 10}} for number in range(3)]
DONE = {"event": "finished", "number": 0, "state": COMPLETE, "score": 0.5, "summary": {}, "time": 160.0}


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunLayout:
    """A run that began at 100 s, with one trial ended and two running."""
    monkeypatch.chdir(tmp_path)
    layout = RunLayout(Path("runs/a"))
    header = {"time": 100.0, "trials": 8, "epochs": 4, "name": "a"}
    with Ledger.create(layout.ledger, header) as ledger:
        for event in (*ASKED, DONE):
            ledger.append({"time": 120.0, **event})
    return layout


def _append(layout: RunLayout, *events: dict[str, object]) -> None:
    with Ledger.open(layout.ledger) as ledger:
        for event in events:
            ledger.append(event)


def test_a_run_is_read_without_stopping_it(layout: RunLayout) -> None:
    with Ledger.open(layout.ledger):
        progress = read_progress(layout)
    assert (progress.name, progress.trials, progress.epochs, progress.ended_here) == ("a", 8, 4, 1)
    assert [record.state for record in progress.records.values()] == [COMPLETE, RUNNING, RUNNING]
    assert progress.elapsed_s > 1e6
    assert remaining_s(progress) not in (None, 0.0)


def test_the_clock_of_an_ended_session_stands_still(layout: RunLayout) -> None:
    _append(layout, {"event": "stopped", "reason": "interrupted", "time": 170.0})
    assert read_progress(layout).elapsed_s == 70.0
    assert remaining_s(read_progress(layout)) == 0.0


def test_a_resumed_session_has_its_own_clock_pace_and_trials(layout: RunLayout) -> None:
    _append(layout, {"event": "stopped", "time": 170.0}, {"event": "resumed", "trials": 20, "time": 500.0})
    with Ledger.open(layout.ledger):
        progress = read_progress(layout)
    assert (progress.trials, progress.ended_here) == (20, 0)
    assert remaining_s(progress) is None
    _append(layout, {**DONE, "number": 1, "time": 530.0}, {"event": "stopped", "time": 560.0})
    assert (read_progress(layout).elapsed_s, read_progress(layout).ended_here) == (60.0, 1)
    assert read_progress(layout).before_s == 70.0
    assert "elapsed 2:10" in str(headline(read_progress(layout)))


def test_the_command_shows_the_newest_run(layout: RunLayout, capsys: pytest.CaptureFixture[str]) -> None:
    with Ledger.open(layout.ledger):
        assert run_command(status.main, []) == 0
    said = capsys.readouterr().out
    assert "1 of 8 trials ended" in said
    assert said.count("RUNNING") == 2


def test_a_killed_search_does_not_look_alive(layout: RunLayout, capsys: pytest.CaptureFixture[str]) -> None:
    progress = read_progress(layout)
    assert (progress.elapsed_s, remaining_s(progress)) == (60.0, 0.0)
    for command in (status.main, monitor.main):
        assert run_command(command, []) == 0
        said = capsys.readouterr().out
        assert "killed; go on with --resume" in said
        assert (said.count("unfinished"), said.count("RUNNING")) == (2, 0)
    assert run_command(leaderboard.main, []) == 0
    assert "The search was killed" in capsys.readouterr().out


def test_the_monitor_ends_with_the_session(layout: RunLayout, capsys: pytest.CaptureFixture[str]) -> None:
    _append(layout, {"event": "stopped", "time": 170.0})
    assert run_command(monitor.main, ["--run", "a"]) == 0
    assert "1 of 8 trials ended" in capsys.readouterr().out


@pytest.mark.parametrize("given", [["--run", "b"], ["--rum", "a"], ["a"]])
def test_bad_input_is_one_line(layout: RunLayout, capsys: pytest.CaptureFixture[str], given: list[str]) -> None:
    assert run_command(status.main, given) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
