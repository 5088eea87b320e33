import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from earlier_search import TERMS, searched
from tiny_search import Driven, fake_space

from orchestrator.earlier_runs import EarlierRun, EarlierTrial, runs_on
from orchestrator.repeats import canonical
from orchestrator.warm_start import BEST_FEW, WarmStart, left_to_record, point_in, warm_start
from results.errors import InputError
from results.ledger import read_events
from results.trial_records import COMPLETE, RUNNING, TrialRecord
from search_spaces.loading import load_space
from search_spaces.space import Space
from trainables.catalogue import DETECTORS

AUTO = "{pruner: none, epochs: 4, trials: 30, warm_start: auto}"
HALVING = "{pruner: {name: successive_halving, reduction_factor: 2, min_epochs: 1}, epochs: 4, warm_start: auto}"
WIDER = "{x: {range: [0.0, 0.5]}, epoch_s: {choice: [0.2, 0.1]}}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def started(space: Space, name: str = "own") -> Driven:
    """A search that has taken over what it begins with."""
    driven = Driven(space, Path("runs") / name)
    start = warm_start(space, runs_on(TERMS, name)[0])
    driven.study.begin_from(left_to_record(start, read_events(driven.path)))
    return driven


def test_an_unchanged_spaces_results_are_finished_trials(folder: Path) -> None:
    space = fake_space(folder, search=AUTO)
    earlier = searched(space, "a", [0.1, 0.6, 0.7, 0.8])
    driven = started(space)
    assert [record.origin for record in driven.study.records.values()] == [f"a/{number}" for number in range(4)]
    best = driven.study.best()
    assert best is not None and best.score == earlier.study.records[2].score
    assert driven.ask().number == 4
    assert driven.events("asked")[0]["from"] == "sampler"


def test_the_sampler_learns_from_them_as_from_its_own(folder: Path) -> None:
    space = fake_space(folder, search=HALVING)
    whole = [asked.params for asked in Driven(space, folder / "whole").run(20)]
    searched(space, "a", [float(str(params["x"])) for params in whole[:14]])
    assert [asked.params for asked in started(space).run(6)] == whole[14:]


def test_a_resumed_search_needs_no_other_run(folder: Path) -> None:
    space = fake_space(folder, search=HALVING, more="known: [{x: 0.33}]")
    searched(space, "a", [0.1, 0.6, 0.7, 0.8])
    whole = [asked.params for asked in started(space, "whole").run(8)]
    shutil.rmtree("runs/whole")
    first = started(space)
    parts = [asked.params for asked in first.run(3)]
    first.close()
    shutil.rmtree("runs/a")
    parts += [asked.params for asked in Driven(space, Path("runs/own")).run(5)]
    assert parts == whole
    assert parts[0]["x"] == 0.33


def test_a_changed_space_tries_the_best_points_that_fit_after_its_own(folder: Path) -> None:
    searched(fake_space(folder), "a", [0.1, 0.9, 0.3, 0.2])
    driven = started(fake_space(folder, WIDER, AUTO, more="known: [{x: 0.05}]"))
    asked = [driven.ask().params for _ in range(4)]
    assert [params["x"] for params in asked] == [0.05, 0.3, 0.2, 0.1]
    assert {params["epoch_s"] for params in asked} == {0.2}
    assert [event["from"] for event in driven.events("asked")] == ["known"] * 4
    assert driven.study.records[1].origin is None


def test_known_points_are_rebuilt_from_the_ledger(folder: Path) -> None:
    searched(fake_space(folder), "a", [0.1, 0.3])
    space = fake_space(folder, WIDER, AUTO)
    first = started(space)
    first.train(first.ask())
    first.close()
    shutil.rmtree("runs/a")
    assert Driven(space, Path("runs/own")).ask().params["x"] == 0.1


def test_few_points_are_taken_and_no_point_twice(folder: Path) -> None:
    changed = fake_space(folder, WIDER, AUTO)
    for name in ("a", "b"):
        searched(fake_space(folder), name, [0.01 * number for number in range(1, 10)])
    start = warm_start(changed, runs_on(TERMS, "own")[0])
    points = [canonical(known.params) for known in start.known]
    assert len(set(points)) == len(points) == BEST_FEW
    assert start.finished == ()
    assert start.notices[0] == "warm start: 5 of the best points of run a, whose space is another"


def test_a_kill_while_beginning_loses_and_repeats_nothing(folder: Path) -> None:
    space = fake_space(folder, search=AUTO)
    searched(space, "a", [0.1, 0.6, 0.7])
    first = Driven(space, Path("runs/own"))
    whole = warm_start(space, runs_on(TERMS, "own")[0])
    first.study.begin_from(WarmStart(whole.finished[:1]))
    first.close()
    assert [record.origin for record in started(space).study.records.values()] == ["a/0", "a/1", "a/2"]


def test_what_runs_or_lost_its_worker_teaches_nothing(folder: Path) -> None:
    space = fake_space(folder, search=AUTO)
    earlier = searched(space, "a", [0.1, 0.6])
    text = earlier.path.read_text()
    earlier.path.write_text(text.replace('"state":"COMPLETE"', '"state":"FAIL","kind":"lost worker"'))
    assert warm_start(space, runs_on(TERMS, "own")[0]).finished == ()
    earlier.path.write_text("".join(line for line in text.splitlines(keepends=True) if '"finished"' not in line))
    (run,) = runs_on(TERMS, "own")[0]
    assert {trial.record.state for trial in run.trials} == {RUNNING}
    assert warm_start(space, [run]).finished == ()


def test_a_run_that_is_named_must_be_one_on_the_same_terms(folder: Path) -> None:
    space = fake_space(folder, search="{epochs: 4, warm_start: b}")
    for name in ("a", "c"):
        searched(space, name, [0.1])
    runs = runs_on(TERMS, "own")[0]
    with pytest.raises(InputError, match="a, c"):
        warm_start(space, runs)
    assert warm_start(fake_space(folder, search="{epochs: 4, warm_start: none}"), runs) == WarmStart()
    (origin,) = {
        trial.run for trial in warm_start(fake_space(folder, search="{epochs: 4, warm_start: c}"), runs).finished
    }
    assert origin == "c"


def test_a_point_outside_the_new_space_is_no_point_of_it(folder: Path) -> None:
    space = fake_space(folder, WIDER)
    assert point_in(space, {"x": 0.4, "gone": 1}) == {"x": 0.4, "epoch_s": 0.2, "epochs": 4}
    assert point_in(space, {"x": 0.9}) is None
    assert point_in(space, {"x": 0.4, "epoch_s": 0.15}) is None


SEVERAL = "rule: coco50\ntrain: {lr: {log: [0.001, 0.1]}}\nsearch: {epochs: 12}\n"


def detectors_space(folder: Path, detector: str) -> Space:
    """A space of real detectors, loaded."""
    file = folder / "detectors.yaml"
    file.write_text(f"detector: {detector}\n{SEVERAL}")
    return load_space(str(file), DETECTORS)


def test_an_earlier_point_keeps_its_detector_among_several(folder: Path) -> None:
    space = detectors_space(folder, "{choice: [cascade_rcnn, fcos]}")
    for number, model in enumerate(("fcos", "retinanet")):
        record = TrialRecord(number, {"lr": 0.01, "epochs": 12}, state=COMPLETE, score=0.5, summary={"model": model})
        trial = EarlierTrial("a", f"{number}", record)
        run = EarlierRun("a", {"searched_sha": "another"}, (trial,))
        known = warm_start(replace(space, search=replace(space.search, warm_start="auto")), [run]).known
        assert [point.params["detector"] for point in known] == (["fcos"] if model == "fcos" else [])


def test_a_point_of_another_detector_is_none_of_a_space_of_one(folder: Path) -> None:
    space = detectors_space(folder, "fcos")
    assert point_in(space, {"detector": "cascade_rcnn", "lr": 0.01, "rois": 64, "epochs": 12}) is None
    assert point_in(space, {"detector": "fcos", "lr": 0.01, "epochs": 12}) == {"lr": 0.01, "epochs": 12}
