from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from tiny_search import Driven, fake_space

from orchestrator.budget import Budget, Limits, Spending, half_width
from results.trial_records import COMPLETE, CONFIRMATION, FAIL, PRUNED
from trainables.failures import LOST_WORKER, NAN_LOSS

Event = Mapping[str, object]
HOUR = 3600.0


def at(time_s: float, event: str, number: int | None = None, **more: object) -> Event:
    """An event of a ledger."""
    return {"event": event, "time": time_s, **({} if number is None else {"number": number}), **more}


def ended(number: int, score: float | None, interval: object = None, state: str = COMPLETE) -> Event:
    """A trial's end at no particular time."""
    return at(0.0, "finished", number, state=state, score=score, summary={"interval": interval})


def limits(budget: Budget, events: Iterable[Event], now_s: float = 0.0) -> Limits:
    """Limits at one moment."""
    return Limits(budget, events, lambda: now_s)


def test_hours_pass_in_sessions_and_not_between_them() -> None:
    spent = Spending([at(0, "run"), at(HOUR, "asked", 0), at(10 * HOUR, "resumed")])
    assert spent.hours(10.5 * HOUR) == 1.5
    assert Spending([at(0, "run"), at(HOUR, "asked", 0)]).hours(99 * HOUR) == 1.0


def test_gpu_time_is_wall_time_times_the_share_of_each_trial() -> None:
    spent = Spending([at(0, "run", gpus=0.5)])
    for event in (at(0, "asked", 0), at(0, "asked", 1), at(HOUR, "started", 0), at(2 * HOUR, "rung", 0)):
        spent.note(event)
    spent.note(at(2 * HOUR, "started", 1))
    spent.note(at(4 * HOUR, "finished", 0, state=FAIL))
    assert spent.gpu_hours(5 * HOUR) == (3 + 3) * 0.5


def test_a_killed_sessions_trials_count_to_their_last_report() -> None:
    events = [at(0, "run", gpus=1), at(0, "asked", 0), at(0, "started", 0), at(HOUR, "rung", 0, epoch=1, score=0.1)]
    spent = Spending([*events, at(9 * HOUR, "resumed", gpus=2)])
    assert spent.gpu_hours(9 * HOUR) == 1.0
    spent.note(at(9 * HOUR, "started", 0))
    assert spent.gpu_hours(10 * HOUR) == 3.0


def test_each_budget_says_why_it_ends_the_search() -> None:
    timed = limits(Budget(9, hours=2), [at(0, "run")], 2 * HOUR)
    assert timed.why_over() == "its 2 hours are used up"
    greedy = limits(Budget(9, gpu_hours=3), [at(0, "run", gpus=1)], 3 * HOUR)
    assert greedy.why_over() is None
    greedy.note(at(0, "started", 0))
    assert greedy.why_over() == "its 3 GPU-hours are used up"
    assert limits(Budget(1), [at(0, "run"), at(0, "asked", 0)]).why_over() == "all of its trials (1) are done"


def test_patience_counts_from_the_last_clear_improvement() -> None:
    events = [ended(0, 0.5, [0.4, 0.6]), ended(1, 0.55, [0.4, 0.7]), ended(2, None, state=PRUNED)]
    spent = Spending(events)
    assert (spent.bar, spent.in_vain) == (0.5, 2)
    spent.note(ended(3, 0.59, None))
    spent.note(ended(4, None, state=FAIL))
    assert (spent.bar, spent.in_vain) == (0.5, 4)
    spent.note(ended(5, 0.61, None))
    assert (spent.bar, spent.in_vain) == (0.61, 0)


def test_patience_ends_a_search_for_good() -> None:
    waiting = limits(Budget(9, patience=2), [ended(0, 0.5, [0.4, 0.6]), ended(1, 0.55, None)])
    assert waiting.enough() is None
    waiting.note(ended(2, 0.2, None))
    assert waiting.enough() == "2 trials in a row did not better 0.5000 by more than its uncertainty"
    waiting.note(ended(3, 0.9, None))
    assert waiting.enough() is not None


def test_patience_ends_a_search_in_which_everything_fails() -> None:
    failing = limits(Budget(9, patience=2), [ended(0, None, state=FAIL)])
    failing.note(at(0.0, "finished", 1, state=FAIL, score=None, kind=LOST_WORKER))
    assert failing.enough() is None
    failing.note(at(0.0, "finished", 2, state=FAIL, score=None, kind=NAN_LOSS))
    assert failing.enough() == "2 trials in a row ended without a score"


def test_confirmations_are_extra() -> None:
    asked = at(0, "asked", 1, **{"from": CONFIRMATION})
    spent = Spending([at(0, "asked", 0), asked, ended(0, 0.5, None), ended(1, 0.9, None)])
    assert (spent.trials, spent.bar, spent.in_vain) == (1, 0.5, 0)


@pytest.mark.parametrize("interval", [None, [None, None], "0.1-0.2", [float("nan"), 0.2]])
def test_a_score_without_an_interval_has_no_width(interval: object) -> None:
    assert half_width({"interval": interval}) == 0.0
    assert half_width(None) == 0.0


@pytest.mark.parametrize("budget", [Budget(99, hours=5 / 3600), Budget(99, gpu_hours=10 / 3600)])
def test_a_budget_overshoots_by_at_most_one_report(tmp_path: Path, budget: Budget) -> None:
    driven = Driven(fake_space(tmp_path), tmp_path, budget, header={"gpus": 2.0})
    while (asked := driven.study.next()) is not None:
        driven.train(asked, epoch_s=1.0)
    assert 5.0 <= driven.now_s <= 6.0
    assert driven.study.is_over()
    assert {record.state for record in driven.study.records.values()} == {COMPLETE, PRUNED}


def test_a_resumed_search_goes_on_counting(tmp_path: Path) -> None:
    space, budget = fake_space(tmp_path), Budget(99, hours=5 / 3600)
    first = Driven(space, tmp_path, budget)
    first.train(first.ask(), epoch_s=1.0)
    first.close()
    second = Driven(space, tmp_path, budget)
    second.study.resume({"trials": 99})
    second.run(epoch_s=1.0)
    assert second.now_s == 5.0
    assert second.study.why_over() == "its 0.00138889 hours are used up"


def test_nothing_stays_running_when_the_time_is_used_up(tmp_path: Path) -> None:
    space = fake_space(tmp_path)
    first = Driven(space, tmp_path)
    for _ in range(3):
        first.ask()
    first.close()
    second = Driven(space, tmp_path, Budget(99, hours=0.0))
    assert second.study.next() is None
    assert [record.state for record in second.study.records.values()] == [PRUNED] * 3
    assert second.study.is_over()
