from dataclasses import replace
from pathlib import Path

from tiny_search import Driven, fake_space

from orchestrator.budget import Budget
from orchestrator.confirmation import best_trials, confirmation_seed, missing_confirmations
from orchestrator.jobs import Asked, JobFactory, trial_seed
from results.layout import RunLayout
from results.trial_records import COMPLETE, PRUNED, RUNNING, TrialRecord
from search_spaces.space import Space

CONFIRM = "{pruner: none, epochs: 2, trials: 6, confirm: 2}"
SIX = Budget(6)


def space_of(folder: Path) -> Space:
    """A space whose best three trials are trained twice more."""
    return fake_space(folder, search=CONFIRM)


def test_the_best_three_are_trained_again_at_the_end(tmp_path: Path) -> None:
    driven = Driven(space_of(tmp_path), tmp_path, SIX)
    asked = driven.run()
    best = best_trials(driven.study.records)
    assert [one.seed is None for one in asked] == [True] * 6 + [False] * 6
    assert [one.params for one in asked[6:]] == [best[place].params for place in (0, 0, 1, 1, 2, 2)]
    assert len({one.seed for one in asked[6:]}) == 2
    assert [record.confirms for record in driven.study.records.values()][6:] == [
        best[p].number for p in (0, 0, 1, 1, 2, 2)
    ]
    assert driven.study.why_over() == "all of its trials (6) are done"


def test_confirmations_wait_for_the_search_and_then_run_side_by_side(tmp_path: Path) -> None:
    driven = Driven(space_of(tmp_path), tmp_path, SIX)
    running = [driven.ask() for _ in range(6)]
    for asked in running:
        assert driven.study.next() is None and driven.study.waits()
        driven.train(asked)
    assert len({driven.ask().number for _ in range(6)}) == 6
    assert driven.study.next() is None and driven.study.waits()


def test_the_sampler_learns_nothing_of_confirmations(tmp_path: Path) -> None:
    space = space_of(tmp_path)
    plain = [asked.params for asked in Driven(space, tmp_path / "plain").run(12)]
    first = Driven(space, tmp_path / "parts", SIX)
    first.run()
    first.close()
    more = Driven(space, tmp_path / "parts", Budget(7))
    seventh = more.ask()
    assert (seventh.number, seventh.seed) == (12, None)
    assert more.study.records[12].source == "sampler"
    assert seventh.params not in plain[:6]


def test_a_confirmation_that_was_killed_is_run_again_under_its_number(tmp_path: Path) -> None:
    first = Driven(space_of(tmp_path), tmp_path, SIX)
    first.run(7)
    lost = [first.ask() for _ in range(2)]
    first.close()
    second = Driven(space_of(tmp_path), tmp_path, SIX)
    assert not second.study.is_over()
    again = second.run()
    assert again[:2] == lost
    assert sorted(second.study.records) == list(range(12))
    assert {record.state for record in second.study.records.values()} == {COMPLETE}


def test_confirmations_stay_within_the_time(tmp_path: Path) -> None:
    driven = Driven(space_of(tmp_path), tmp_path, Budget(6, hours=13 / 3600))
    driven.run(epoch_s=1.0)
    last = driven.study.records[6]
    assert (last.confirms is not None, last.state, len(last.rungs)) == (True, RUNNING, 1)
    assert len(driven.study.records) == 7
    assert driven.study.is_over()


def test_an_unfinished_confirmation_waits_for_more_time(tmp_path: Path) -> None:
    first = Driven(space_of(tmp_path), tmp_path, SIX)
    first.run(6)
    first.ask()
    first.close()
    second = Driven(space_of(tmp_path), tmp_path, Budget(6, hours=0.0))
    assert second.study.next() is None
    assert second.study.records[6].state == RUNNING
    second.study.limits.budget = SIX
    assert second.ask().number == 6


def test_failed_and_pruned_trials_are_not_confirmed() -> None:
    records = {
        0: TrialRecord(0, state=PRUNED, score=0.9),
        1: TrialRecord(1, state=COMPLETE, score=0.5),
        2: TrialRecord(2, state=COMPLETE, score=0.7, confirms=1, seed=confirmation_seed(0, 0)),
        3: TrialRecord(3, state=RUNNING),
    }
    assert [one.number for one in best_trials(records)] == [1]
    (missing,) = missing_confirmations(records, 2, 0)
    assert (missing.confirms, missing.seed) == (1, confirmation_seed(0, 1))


def test_a_job_takes_the_seed_that_is_asked_for(tmp_path: Path) -> None:
    make_job = JobFactory(space_of(tmp_path), RunLayout(tmp_path), None, "coco50", seed=0)
    assert make_job(Asked(3, {"x": 0.5}, seed=77))["seed"] == 77
    assert make_job(Asked(3, {"x": 0.5}))["seed"] == trial_seed(0, 3)


def test_a_lucky_confirmation_is_not_the_best_trial(tmp_path: Path) -> None:
    driven = Driven(space_of(tmp_path), tmp_path, SIX)
    driven.run()
    (first, *_), records = best_trials(driven.study.records), driven.study.records
    again = next(number for number, one in records.items() if one.confirms == first.number)
    records[again] = replace(records[again], score=9.0)
    assert driven.study.best() == first
