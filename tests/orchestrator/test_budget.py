import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from tiny_search import Driven, fake_space

from orchestrator.budget import Budget, Limits, Spending, half_width
from orchestrator.jobs import Asked
from results.ledger import Ledger, read_events
from results.trial_records import COMPLETE, CONFIRMATION, FAIL, PRUNED, RUNNING
from trainables.failures import BAD_CONFIGURATION, LOST_WORKER, NAN_LOSS

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


@pytest.mark.parametrize(
    ("budget", "stopped"), [(Budget(99, hours=5 / 3600), RUNNING), (Budget(99, gpu_hours=10 / 3600), PRUNED)]
)
def test_a_budget_overshoots_by_at_most_one_report(tmp_path: Path, budget: Budget, stopped: str) -> None:
    driven = Driven(fake_space(tmp_path), tmp_path, budget, header={"gpus": 2.0})
    while (asked := driven.study.next()) is not None:
        driven.train(asked, epoch_s=1.0)
    assert 5.0 <= driven.now_s <= 6.0
    assert driven.study.is_over()
    assert {record.state for record in driven.study.records.values()} == {COMPLETE, stopped}


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


def test_what_time_stopped_is_gone_on_with_when_there_is_more(tmp_path: Path) -> None:
    space = fake_space(tmp_path)
    first = Driven(space, tmp_path, Budget(2, hours=2.5 / 3600))
    number = first.ask().number
    first.train(Asked(number, {}), epoch_s=1.0)
    assert (first.study.next(), first.study.why_over()) == (None, "its 0.000694444 hours are used up")
    first.close()
    short = Driven(space, tmp_path, Budget(2, hours=2.5 / 3600))
    assert (short.study.next(), [record.number for record in short.study.kept()]) == (None, [number])
    short.close()
    longer = Driven(space, tmp_path, Budget(2, hours=1.0))
    longer.study.resume({})
    again = longer.ask()
    assert (again.number, again.reported) == (number, [1, 2, 3])


def test_a_trial_at_its_last_rung_is_complete_whatever_the_time(tmp_path: Path) -> None:
    driven = Driven(fake_space(tmp_path), tmp_path, Budget(9, hours=3.5 / 3600))
    driven.train(driven.ask(), epoch_s=1.0)
    assert driven.now_s == 4.0
    assert [record.state for record in driven.study.records.values()] == [COMPLETE]


def test_a_hopeless_trial_is_pruned_whatever_the_time(tmp_path: Path) -> None:
    halving = "{sampler: random, pruner: {name: successive_halving, min_epochs: 1}, epochs: 9, trials: 9, hours: null}"
    driven = Driven(fake_space(tmp_path, search=halving), tmp_path)
    for number in range(4):
        driven.study.started(driven.ask().number, "hash")
        driven.study.limits.budget = Budget(9, hours=None if number < 3 else 0.0)
        driven.study.rung(number, 1, 1.0 - number / 10)
    assert driven.study.records[3].state == PRUNED
    assert driven.study.kept() == []


def test_failures_alike_end_what_waits_even_when_time_is_used_up(tmp_path: Path) -> None:
    driven = Driven(fake_space(tmp_path), tmp_path, Budget(9))
    for _ in range(4):
        driven.ask()
    driven.study.lost(3, "the worker was killed")
    for number in range(3):
        driven.study.failed(number, BAD_CONFIGURATION, "none", fingerprint="same")
    driven.study.limits.budget = Budget(9, hours=0.0)
    assert driven.study.next() is None
    assert driven.study.records[3].state == PRUNED


@pytest.mark.parametrize("set_s", [-10 * HOUR, 10 * HOUR])
def test_a_clock_that_is_set_changes_no_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, set_s: float) -> None:
    ledger = Ledger.create(tmp_path / "ledger.jsonl", {})
    held = Limits(Budget(9, hours=1.0), read_events(ledger.path), ledger.clock)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + set_s)
    left_s = held.left_s()
    assert held.used_up() is None
    assert left_s is not None
    assert 0.9 * HOUR < left_s <= HOUR
    began_s = float(str(read_events(ledger.path)[0]["time"]))
    assert 0.0 <= float(str(ledger.append({"event": "stopped"})["time"])) - began_s < 0.1 * HOUR
    ledger.close()


def test_an_old_ledger_whose_clock_was_set_back_gives_no_time_away() -> None:
    events = [at(10 * HOUR, "run", gpus=1), at(10 * HOUR, "started", 0), at(HOUR, "rung", 0), at(2 * HOUR, "resumed")]
    spent = Spending(events)
    assert (spent.hours(3 * HOUR), spent.gpu_hours(3 * HOUR)) == (1.0, 0.0)
