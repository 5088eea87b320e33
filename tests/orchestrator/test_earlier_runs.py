import json
import shutil
from pathlib import Path

import pytest
from earlier_search import TERMS, Reusing, searched
from tiny_search import fake_space

from orchestrator.adopted_files import AdoptedFiles
from orchestrator.budget import Budget
from orchestrator.earlier_runs import reusable, runs_on
from results.layout import RunLayout, TrialLayout, write_atomically
from results.leaderboard import as_json
from results.ledger import read_events
from results.trial_manifest import write_manifest
from results.trial_records import COMPLETE, trials_of
from search_spaces.space import Space

GRID = "{x: {range: [0.0, 1.0], step: 0.125}}"
HALVING = "{pruner: {name: successive_halving, reduction_factor: 2, min_epochs: 1}, epochs: 4, trials: 30}"


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Space:
    """Nine points; the test runs in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return fake_space(tmp_path, GRID)


def write_trial(layout: TrialLayout) -> None:
    """What stands for the files of a COMPLETE trial."""
    write_atomically(layout.raw, "raw")
    write_atomically(layout.manifest, "{}")


def test_only_runs_on_the_same_terms_are_read_the_oldest_first(space: Space) -> None:
    for name, terms in (("b", TERMS), ("a", TERMS), ("other", "other data"), ("own", TERMS)):
        searched(space, name, [0.5], terms)
    runs, notices = runs_on(TERMS, "own")
    assert ([run.name for run in runs], notices) == (["a", "b"], [])
    assert reusable(runs)[runs[0].trials[0].identity].run == "a"


def test_a_damaged_run_is_left_out_aloud(space: Space) -> None:
    driven = searched(space, "a", [0.5])
    driven.path.write_text(driven.path.read_text().replace('"event":"asked"', '"event":"x"'))
    runs, (notice,) = runs_on(TERMS, "own")
    assert runs == []
    assert notice.startswith("run a is left out")


def test_a_point_of_an_earlier_run_is_answered_and_counts_for_no_trial(space: Space) -> None:
    searched(space, "a", [0.125, 0.25, 0.375])
    driven = Reusing(space, budget=Budget(6))
    trained = [asked.params["x"] for asked in driven.run()]
    assert sorted(map(float, map(str, trained))) == [0.0, 0.5, 0.625, 0.75, 0.875, 1.0]
    reused = driven.events("reused")
    assert {event["params"]["x"] for event in reused} <= {0.125, 0.25, 0.375}
    assert {(event["run"], event["state"]) for event in reused} == {("a", COMPLETE)}
    assert driven.study.why_over() == "all of its trials (6) are done"


def test_a_reused_result_is_on_the_leaderboard_with_its_origin(space: Space) -> None:
    earlier = searched(space, "a", [0.75])
    driven = Reusing(space)
    while not driven.events("reused"):
        driven.train(driven.ask())
    shown = json.loads(as_json(driven.study.records.values()))["trials"]
    (taken,) = [trial for trial in shown if trial["origin"]]
    assert (taken["origin"], taken["score"]) == ("a/0", earlier.study.records[0].score)
    assert taken["rungs"] == [list(rung) for rung in earlier.study.records[0].rungs]


def test_a_search_that_reused_is_resumed_without_the_other_run(space: Space, tmp_path: Path) -> None:
    halving = fake_space(tmp_path, search=HALVING, more="known: [{x: 0.1}, {x: 0.5}, {x: 0.6}]")
    searched(halving, "a", [0.1, 0.6])
    whole = [asked.params for asked in Reusing(halving, "whole").run(12)]
    first = Reusing(halving)
    parts = [asked.params for asked in first.run(5)]
    first.close()
    shutil.rmtree("runs/a")
    parts += [asked.params for asked in Reusing(halving).run(7)]
    assert parts == whole
    assert len([one for one in trials_of(read_events(first.path)).values() if one.origin]) == 2


def test_a_pruned_or_failed_point_is_trained_again(space: Space) -> None:
    driven = searched(space, "a", [0.5])
    text = driven.path.read_text()
    for state in ("PRUNED", "FAIL"):
        driven.path.write_text(text.replace('"COMPLETE"', f'"{state}"'))
        assert reusable(runs_on(TERMS, "own")[0]) == {}


def test_the_files_of_a_reused_trial_are_brought_along(space: Space) -> None:
    write_trial(RunLayout(Path("runs/a")).trial(0))
    searched(space, "a", [0.25])
    own = Reusing(space)
    own.study.subscribe(AdoptedFiles(RunLayout(Path("runs/own")), ()))
    own.run(9)
    (number,) = [record.number for record in own.study.records.values() if record.origin]
    shutil.rmtree("runs/a")
    assert RunLayout(Path("runs/own")).trial(number).raw.read_text() == "raw"


def test_files_that_a_killed_session_did_not_bring_come_with_the_next(space: Space) -> None:
    write_trial(RunLayout(Path("runs/a")).trial(0))
    searched(space, "a", [0.25])
    own = Reusing(space)
    own.run(9)
    (number,) = [record.number for record in own.study.records.values() if record.origin]
    target = RunLayout(Path("runs/own")).trial(number)
    write_atomically(target.raw, "cut off")
    AdoptedFiles(RunLayout(Path("runs/own")), own.study.records.values())
    assert (target.raw.read_text(), target.manifest.exists()) == ("raw", True)


def test_a_damaged_trial_of_an_earlier_run_is_not_reused(space: Space, capsys: pytest.CaptureFixture[str]) -> None:
    trial = RunLayout(Path("runs/a")).trial(0)
    write_atomically(trial.raw, "raw")
    write_manifest(trial, (trial.raw,))
    trial.raw.write_text("rat")
    searched(space, "a", [0.25])
    own = Reusing(space)
    own.run(9)
    assert not [record for record in own.study.records.values() if record.origin]
    assert capsys.readouterr().out.count("trial 0 of run a is not reused: runs/a/trials/0000/raw.arrow is damaged") == 1
