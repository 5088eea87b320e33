from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_search import Driven, fake_space

from orchestrator.budget import Budget
from orchestrator.frozen_trials import rebuilt_trials
from orchestrator.jobs import Asked
from orchestrator.repeats import canonical
from orchestrator.study import Study
from results.errors import DamagedFileError
from results.ledger import Ledger, read_events
from results.trial_records import COMPLETE, FAIL, PRUNED, RUNNING
from search_spaces.points import is_forbidden
from trainables.fake import OPTIMUM_X

HALVING = "{pruner: {name: successive_halving, reduction_factor: 2, min_epochs: 1}, epochs: 4, trials: 30}"
KNOWN = "known: [{x: 0.1}, {x: 0.9}, {x: 0.3}]"
SIX_POINTS = "{x: {choice: [0.1, 0.3, 0.7]}, epoch_s: {choice: [0.1, 0.2]}}"


def test_known_points_come_first_in_their_order(tmp_path: Path) -> None:
    driven = Driven(fake_space(tmp_path, more=KNOWN), tmp_path)
    first = [driven.ask() for _ in range(4)]
    assert [asked.params["x"] for asked in first[:3]] == [0.1, 0.9, 0.3]
    assert [event["from"] for event in driven.events("asked")] == ["known", "known", "known", "sampler"]
    assert [asked.number for asked in first] == [0, 1, 2, 3]


def test_a_seed_decides_the_whole_sequence(tmp_path: Path) -> None:
    space = fake_space(tmp_path)
    runs = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        runs.append([asked.params for asked in Driven(space, tmp_path / name, seed=seed).run(14)])
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert len({canonical(params) for params in runs[0]}) == 14


def test_the_sampler_finds_the_optimum(tmp_path: Path) -> None:
    driven = Driven(fake_space(tmp_path), tmp_path)
    driven.run(30)
    best = driven.study.best()
    assert best is not None
    assert best.params["x"] == pytest.approx(OPTIMUM_X, abs=0.05)


def test_a_budget_counts_every_trial_whatever_its_end(tmp_path: Path) -> None:
    driven = Driven(fake_space(tmp_path), tmp_path, Budget(3))
    driven.study.failed(driven.ask().number, "error", "planted")
    driven.run()
    assert [record.state for record in driven.study.records.values()] == [FAIL, COMPLETE, COMPLETE]
    assert driven.study.is_over()


def test_a_duplicate_is_answered_from_the_ledger_and_another_asked_for(tmp_path: Path) -> None:
    driven = Driven(fake_space(tmp_path, more="known: [{x: 0.3}, {x: 0.3}, {x: 0.4}]"), tmp_path, Budget(2))
    driven.train(driven.ask())
    second = driven.ask()
    assert (second.number, second.params["x"]) == (2, 0.4)
    answered = driven.events("answered")
    assert [(event["number"], event["as"], event["state"]) for event in answered] == [(1, 0, COMPLETE)]
    assert answered[0]["score"] == driven.study.records[0].score
    assert sorted(driven.study.records) == [0, 2]


def test_the_duplicate_of_a_running_trial_is_not_run_either(tmp_path: Path) -> None:
    driven = Driven(fake_space(tmp_path, more="known: [{x: 0.3}, {x: 0.3}]"), tmp_path)
    assert [driven.ask().number, driven.ask().number] == [0, 2]
    assert driven.events("answered")[0]["score"] is None


def test_a_used_up_space_ends_the_search(tmp_path: Path) -> None:
    driven = Driven(fake_space(tmp_path, SIX_POINTS), tmp_path, Budget(100))
    points = [canonical(asked.params) for asked in driven.run()]
    assert len(points) == len(set(points)) == 6
    assert driven.study.is_over()


def test_every_point_of_a_larger_space_is_reached(tmp_path: Path) -> None:
    grid = "{x: {range: [0.0, 1.0], step: 0.1}, epoch_s: {range: [0.0, 0.5], step: 0.1}}"
    driven = Driven(fake_space(tmp_path, grid), tmp_path, Budget(100))
    assert len(driven.run()) == 66


def test_a_fully_fixed_space_is_one_trial(tmp_path: Path) -> None:
    driven = Driven(fake_space(tmp_path, "{x: 0.5}"), tmp_path)
    assert len(driven.run()) == 1


def test_a_hopeless_trial_is_on_record_with_its_rungs(tmp_path: Path) -> None:
    median = "{pruner: {name: median, startup_trials: 1, warmup_epochs: 1}, epochs: 4, trials: 9}"
    driven = Driven(fake_space(tmp_path, search=median, more="known: [{x: 0.7}, {x: 0.0}]"), tmp_path)
    driven.run(2)
    record = driven.study.records[1]
    assert (record.state, [epoch for epoch, _ in record.rungs]) == (PRUNED, [1, 2])
    assert record.score == record.rungs[-1][1]
    assert record.reason == "worse than the other trials at this epoch"
    assert not driven.study.is_running(1)


def test_a_trial_at_its_last_epoch_is_never_stopped(tmp_path: Path) -> None:
    median = "{pruner: {name: median, startup_trials: 1, warmup_epochs: 3}, epochs: 4, trials: 9}"
    driven = Driven(fake_space(tmp_path, search=median, more="known: [{x: 0.7}, {x: 0.0}]"), tmp_path)
    driven.run(2)
    assert [record.state for record in driven.study.records.values()] == [COMPLETE, COMPLETE]


@pytest.mark.parametrize("score", [None, float("nan"), float("inf")])
def test_a_trial_without_a_score_has_failed_and_says_why(tmp_path: Path, score: float | None) -> None:
    driven = Driven(fake_space(tmp_path), tmp_path)
    number = driven.ask().number
    assert driven.study.rung(number, 1, score) is False
    driven.study.finished(number, score, {})
    record = driven.study.records[number]
    assert (record.state, record.kind, record.rungs) == (FAIL, "undefined score", ((1, None),))
    assert record.reason == "no class of the validation images has a score"
    assert driven.study.best() is None


def test_a_rebuilt_tpe_study_proposes_what_the_uninterrupted_one_does(tmp_path: Path) -> None:
    space = fake_space(tmp_path, "{x: {range: [0.0, 1.0]}, epoch_s: {log: [0.01, 10.0]}}", more="known: [{x: 0.2}]")
    whole = [asked.params for asked in Driven(space, tmp_path / "whole").run(24)]
    first = Driven(space, tmp_path / "parts")
    parts = [asked.params for asked in first.run(15)]
    first.close()
    parts += [asked.params for asked in Driven(space, tmp_path / "parts").run(9)]
    assert parts == whole


def test_a_rebuilt_halving_study_stops_the_same_trials_at_the_same_epochs(tmp_path: Path) -> None:
    space = fake_space(tmp_path, search=HALVING)
    whole = Driven(space, tmp_path / "whole")
    whole.run(24)
    for part in (9, 8, 7):
        resumed = Driven(space, tmp_path / "parts")
        resumed.run(part)
        resumed.close()
    assert resumed.study.records == whole.study.records
    assert {record.state for record in whole.study.records.values()} == {COMPLETE, PRUNED}


def test_rung_attributes_survive_a_restart(tmp_path: Path) -> None:
    space = fake_space(tmp_path, search=HALVING)
    driven = Driven(space, tmp_path)
    driven.run(6)
    rebuilt = rebuilt_trials(space, read_events(driven.path), driven.study.records)
    marks = [sorted(name for name in trial.system_attrs if "rung" in name) for trial in rebuilt]
    assert marks[0] == ["completed_rung_0", "completed_rung_1", "completed_rung_2"]
    assert all(len(names) >= 1 for names in marks)


def test_marks_of_an_attempt_that_was_lost_do_not_count(tmp_path: Path) -> None:
    space = fake_space(tmp_path, search=HALVING)
    first = Driven(space, tmp_path)
    number = first.ask().number
    first.study.rung(number, 1, 0.9)
    first.close()
    second = Driven(space, tmp_path)
    assert second.ask().number == number
    second.study.started(number, "hash")
    second.study.failed(number, "lost worker", "planted")
    rebuilt = rebuilt_trials(space, read_events(second.path), second.study.records)
    assert rebuilt[0].system_attrs == {}


def test_unfinished_trials_are_handed_out_again_as_they_were(tmp_path: Path) -> None:
    space = fake_space(tmp_path, more=KNOWN)
    first = Driven(space, tmp_path, Budget(6))
    lost = [first.ask() for _ in range(5)]
    first.train(lost[1])
    first.close()
    second = Driven(space, tmp_path, Budget(6))
    again = [second.ask() for _ in range(4)]
    assert again == [lost[0], lost[2], lost[3], lost[4]]
    second.train(second.ask())
    for asked in again:
        second.train(asked)
    assert second.study.next() is None
    assert [record.state for record in second.study.records.values()] == [COMPLETE] * 6
    assert len(second.events("asked")) == 6


def test_known_points_that_were_never_reached_come_after_a_restart(tmp_path: Path) -> None:
    space = fake_space(tmp_path, more=KNOWN)
    first = Driven(space, tmp_path)
    first.run(1)
    first.close()
    assert [asked.params["x"] for asked in Driven(space, tmp_path).run(2)] == [0.9, 0.3]


def test_a_passed_deadline_ends_asking_and_keeps_what_runs_for_later(tmp_path: Path) -> None:
    space = fake_space(tmp_path)
    first = Driven(space, tmp_path)
    number = first.ask().number
    first.close()
    driven = Driven(space, tmp_path)
    assert driven.ask().number == number
    driven.study.limits.budget = Budget(100, hours=0.0)
    assert driven.study.rung(number, 1, 0.5) is True
    assert driven.study.records[number].state == RUNNING
    assert [record.number for record in driven.study.kept()] == [number]
    assert driven.study.next() is None
    assert driven.study.why_over() == "its 0 hours are used up"


def test_observers_see_every_change_after_it_is_on_record(tmp_path: Path) -> None:
    driven = Driven(fake_space(tmp_path), tmp_path)
    seen: list[tuple[str, int]] = []
    driven.study.subscribe(lambda study, event: seen.append((study.records[0].state, len(read_events(driven.path)))))
    driven.run(1)
    assert seen == [*((RUNNING, lines) for lines in range(2, 8)), (COMPLETE, 8)]


def test_a_ledger_without_params_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    with Ledger.create(path, {}) as ledger:
        answered = {"event": "answered", "number": 0, "params": None, "state": COMPLETE, "score": 0.5, "from": "known"}
        ledger.append(answered)
        with pytest.raises(DamagedFileError, match="trial 0"):
            Study(fake_space(tmp_path), ledger, read_events(path), Budget(3), seed=0)


@pytest.mark.parametrize("kind", ["out of memory", "NaN loss", "undefined score", "error"])
def test_points_that_fail_are_avoided(tmp_path: Path, kind: str) -> None:
    space = fake_space(tmp_path, "{x: {range: [0.0, 1.0]}, failure: {choice: [none, out_of_memory, nan_loss]}}")
    driven = Driven(space, tmp_path)
    failed = []
    for _ in range(40):
        asked = driven.ask()
        failed.append(asked.params["failure"] != "none")
        if failed[-1]:
            driven.study.failed(asked.number, kind, "planted")
        else:
            driven.train(asked)
    assert sum(failed[-20:]) <= 6


def test_a_lost_worker_says_nothing_of_the_point(tmp_path: Path) -> None:
    driven = Driven(fake_space(tmp_path), tmp_path)
    for kind in ("lost worker", "full disk", "out of memory"):
        driven.study.failed(driven.ask().number, kind, "planted")
    rebuilt = rebuilt_trials(driven.study.space, read_events(driven.path), driven.study.records)
    assert [trial.state.name for trial in rebuilt] == ["FAIL", "FAIL", "PRUNED"]
    assert [record.state for record in driven.study.records.values()] == [FAIL, FAIL, FAIL]


def test_a_rebuilt_study_remembers_what_failed(tmp_path: Path) -> None:
    space = fake_space(tmp_path, "{x: {choice: [0.1, 0.2, 0.3, 0.4, 0.5]}, failure: {choice: [none, nan_loss]}}")

    def run(folder: str, sessions: tuple[int, ...]) -> list[object]:
        points = []
        for trials in sessions:
            driven = Driven(space, tmp_path / folder)
            for _ in range(trials):
                asked = driven.ask()
                points.append(asked.params)
                end = driven.train if asked.params["failure"] == "none" else _fail_with_nan(driven)
                end(asked)
            driven.close()
        return points

    assert run("parts", (5, 4, 1)) == run("whole", (10,))


def _fail_with_nan(driven: Driven) -> Callable[[Asked], None]:
    return lambda asked: driven.study.failed(asked.number, "NaN loss", "planted")


def test_a_forbidden_point_is_never_handed_out_and_another_is_asked_for(tmp_path: Path) -> None:
    train = "{level_a: {range: [0, 5]}, level_b: {range: [0, 5]}}"
    space = fake_space(tmp_path, train, more="forbid: [{level_a: [3, 4, 5], level_b: [1, 2, 3, 4]}]")
    driven = Driven(space, tmp_path)
    points = [asked.params for asked in driven.run()]
    assert len({canonical(point) for point in points}) == len(points) == 36 - 12
    assert not any(is_forbidden(space, point) for point in points)
    assert driven.study.is_over()
    rejected = driven.events("rejected")
    assert rejected and all(is_forbidden(space, event["params"]) for event in rejected)
    assert {(event["kind"], event["reason"]) for event in rejected} == {
        ("forbidden", "the space forbids level_a in [3, 4, 5] and level_b in [1, 2, 3, 4]")
    }


def test_a_resumed_search_goes_on_after_forbidden_points(tmp_path: Path) -> None:
    more = "forbid: [{level_a: [3, 4, 5], level_b: [1, 2, 3, 4]}]"
    space = fake_space(tmp_path, "{x: {range: [0, 1]}, level_a: {range: [0, 5]}, level_b: {range: [0, 5]}}", more=more)
    whole = [asked.params for asked in Driven(space, tmp_path / "whole").run(30)]
    first = Driven(space, tmp_path / "cut")
    begun = [asked.params for asked in first.run(15)]
    first.close()
    assert begun + [asked.params for asked in Driven(space, tmp_path / "cut").run(15)] == whole
