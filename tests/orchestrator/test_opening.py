import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_search import write_space

from orchestrator import search
from orchestrator.opening import begin, earlier_work, first_line, opened_study
from orchestrator.options import parse_options
from orchestrator.search import _write_settings
from orchestrator.settings import Settings, resolve
from results.commands import run_command
from results.errors import InputError
from results.layout import RunLayout, run_layout
from results.ledger import Ledger

Resolve = Callable[[str], Settings]


@pytest.fixture
def resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Settings of a search of the fake detector, with these settings of its `search`; in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def of(more: str) -> Settings:
        space = write_space(tmp_path, search=f"{{pruner: none, epochs: 4, trials: 8{more}}}")
        return resolve(parse_options(["--space", str(space)]), None)

    return of


def started(settings: Settings, name: str) -> tuple[RunLayout, Ledger]:
    """A run whose ledger has its first line."""
    layout = run_layout(name)
    return layout, Ledger.create(layout.ledger, first_line(settings, layout, 0.0))


def train(settings: Settings, name: str, trials: int) -> None:
    """A run that has trained so many trials."""
    layout, ledger = started(settings, name)
    with ledger:
        study = opened_study(settings, layout, ledger, earlier_work(settings, layout))
        for _ in range(trials):
            asked = study.next()
            assert asked is not None
            study.finished(asked.number, 0.5, {})


def test_without_being_asked_no_other_run_is_looked_at(resolved: Resolve) -> None:
    train(resolved(""), "a", 2)
    found = earlier_work(resolved(""), run_layout("b"))
    assert (found.results, found.start.finished, found.notices) == ({}, (), ())


def test_what_another_run_has_trained_is_reused(resolved: Resolve) -> None:
    train(resolved(""), "a", 3)
    settings = resolved(", reuse: true")
    found = earlier_work(settings, run_layout("b"))
    assert found.notices == ("reuse: 3 results of earlier runs on the same data and rule",)
    layout, ledger = started(settings, "b")
    with ledger:
        study = opened_study(settings, layout, ledger, found)
        assert study.next() is not None  # one seed proposes the same points: three are answered first
    assert [record.origin for record in study.records.values()] == ["a/0", "a/1", "a/2", None]


def test_a_warm_start_is_on_record_once_and_asks_for_no_run_afterwards(resolved: Resolve) -> None:
    settings = resolved(", warm_start: a")
    with pytest.raises(InputError, match="warm_start"):
        earlier_work(settings, run_layout("b"))
    train(resolved(""), "a", 2)
    found = earlier_work(settings, run_layout("b"))
    layout, ledger = started(settings, "b")
    with ledger:
        study = opened_study(settings, layout, ledger, found)
        for _ in range(2):
            begin(study, layout, found)
        assert study.next() is not None
    assert [record.origin for record in study.records.values()] == ["a/0", "a/1", None]
    shutil.rmtree("runs/a")
    assert earlier_work(settings, run_layout("b")).start.finished == ()


def test_a_start_from_all_runs_says_when_there_is_none(resolved: Resolve) -> None:
    (notice,) = earlier_work(resolved(", warm_start: auto"), run_layout("b")).notices
    assert "no earlier run" in notice


def test_resuming_an_ended_search_copies_what_its_storage_lacks(
    resolved: Resolve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(resolved(""), "a", 8)
    settings = resolved(f", storage: {tmp_path / 'far'}")
    _write_settings(run_layout("a"), settings)
    assert run_command(search.main, ["--space", str(tmp_path / "fake.yaml"), "--name", "a", "--resume"]) == 0
    assert "nothing to resume" in capsys.readouterr().out
    assert (tmp_path / "far" / "a" / "ledger.jsonl").read_bytes() == run_layout("a").ledger.read_bytes()
