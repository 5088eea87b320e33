import json
from pathlib import Path

import pytest
from tiny_search import Driven, fake_space

from orchestrator.budget import Budget
from orchestrator.jobs import JobFactory
from orchestrator.retries import MOST_LOSSES
from results.layout import RunLayout, write_atomically
from results.ledger import read_events
from results.trial_records import COMPLETE, FAIL, PRUNED, RUNNING
from trainables.jobs import most_parts

HALVING = "{pruner: {name: successive_halving, reduction_factor: 2, min_epochs: 1}, epochs: 4, trials: 30}"
BATCH_8 = "{x: {range: [0.0, 1.0]}, batch_size: 8}"


def _checkpoint(folder: Path, number: int, epoch: int) -> None:
    write_atomically(RunLayout(folder).trial(number).checkpoint_note, json.dumps({"epoch": epoch, "score": None}))


def test_a_lost_trial_goes_on_before_anything_new_is_asked(tmp_path: Path) -> None:
    driven = Driven(fake_space(tmp_path), tmp_path)
    first, second = driven.ask(), driven.ask()
    driven.study.lost(first.number, "killed")
    assert not driven.study.is_running(first.number)
    assert driven.ask() == first
    driven.train(first)
    driven.train(second)
    assert [record.state for record in driven.study.records.values()] == [COMPLETE, COMPLETE]


def test_three_losses_without_a_new_checkpoint_are_a_failure(tmp_path: Path) -> None:
    driven = Driven(fake_space(tmp_path), tmp_path)
    for epoch in (0, 0, 2, 2):
        number = driven.ask().number
        _checkpoint(tmp_path, number, epoch)
        driven.study.lost(number, "killed")
    assert driven.study.records[0].state == RUNNING
    assert driven.ask().number == 0
    driven.study.lost(0, "killed by a signal")
    record = driven.study.records[0]
    assert (record.state, record.kind) == (FAIL, "lost worker")
    assert record.reason == f"{MOST_LOSSES} losses without a new checkpoint; the last: killed by a signal"


def test_losses_are_counted_on_after_a_restart(tmp_path: Path) -> None:
    space = fake_space(tmp_path)
    for _ in range(MOST_LOSSES):
        driven = Driven(space, tmp_path)
        driven.study.lost(driven.ask().number, "killed")
        driven.close()
    assert driven.study.records[0].state == FAIL


def test_a_job_goes_on_from_the_checkpoint_that_its_note_names(tmp_path: Path) -> None:
    space = fake_space(tmp_path)
    make_job = JobFactory(space, RunLayout(tmp_path), None, "coco50", seed=0)
    asked = Driven(space, tmp_path).ask()
    assert (make_job(asked)["start_epoch"], make_job(asked)["accumulate"]) == (0, 1)
    _checkpoint(tmp_path, asked.number, 1)
    assert make_job(asked)["start_epoch"] == 1
    RunLayout(tmp_path).trial(asked.number).checkpoint_note.write_text("[")
    assert make_job(asked)["start_epoch"] == 0


def test_reports_beyond_the_checkpoint_are_forgotten_by_the_pruner_too(tmp_path: Path) -> None:
    space = fake_space(tmp_path, search=HALVING)
    driven = Driven(space, tmp_path)
    lost = driven.ask()
    for epoch in (1, 2, 3):
        driven.study.rung(lost.number, epoch, 0.9)
    driven.study.lost(lost.number, "killed")
    driven.study.started(driven.ask().number, "hash", 1)
    assert driven.study.records[0].rungs == ((1, 0.9),)
    # Another trial is alone at epoch 2: the first one there goes on, however bad.
    other = driven.ask()
    assert [driven.study.rung(other.number, 1, 0.95), driven.study.rung(other.number, 2, 0.01)] == [False, False]


def test_a_trial_that_repeats_its_checkpoints_rung_says_nothing_new(tmp_path: Path) -> None:
    driven = Driven(fake_space(tmp_path, search=HALVING), tmp_path)
    number = driven.ask().number
    assert driven.study.rung(number, 1, 0.5) is False
    driven.study.lost(number, "killed")
    driven.study.started(driven.ask().number, "hash", 1)
    assert driven.study.rung(number, 1, 0.5) is False
    assert len(driven.events("rung")) == 1


def test_a_peak_is_on_record_where_it_has_clearly_grown(tmp_path: Path) -> None:
    driven = Driven(fake_space(tmp_path), tmp_path)
    number = driven.ask().number
    for epoch, peak_gib in enumerate((None, 4.0, 4.01, 5.0), start=1):
        driven.study.rung(number, epoch, 0.5, peak_gib)
    assert [event.get("peak_gib") for event in driven.events("rung")] == [None, 4.0, None, 5.0]
    assert driven.study.records[number].peak_gib == 5.0


def test_out_of_memory_is_tried_once_more_at_half_the_batch(tmp_path: Path) -> None:
    driven = Driven(fake_space(tmp_path, BATCH_8), tmp_path)
    first = driven.ask()
    driven.study.failed(first.number, "out of memory", "9 GiB")
    again = driven.ask()
    assert (again.number, again.params, again.accumulate) == (first.number, first.params, 2)
    driven.study.failed(again.number, "out of memory", "5 GiB", peak_gib=4.5)
    record = driven.study.records[0]
    assert (record.state, record.kind, record.ran_out, record.peak_gib) == (FAIL, "out of memory", (1,), 4.5)


@pytest.mark.parametrize(
    ("train", "search"),
    [(BATCH_8.replace("8", "7"), "{}"), (BATCH_8, "{retry_out_of_memory: false}"), (BATCH_8.replace("8", "1"), "{}")],
)
def test_out_of_memory_is_final_where_the_batch_has_no_half(tmp_path: Path, train: str, search: str) -> None:
    driven = Driven(fake_space(tmp_path, train, search), tmp_path)
    driven.study.failed(driven.ask().number, "out of memory", "9 GiB")
    assert driven.study.records[0].state == FAIL


def test_a_batch_is_halved_whole() -> None:
    assert [most_parts({"batch_size": batch}) for batch in (1, 2, 3, 8)] == [1, 2, 1, 2]
    assert most_parts({}) == 1


@pytest.mark.parametrize("kind", ["bad configuration", "corrupt image", "full disk", "error"])
def test_three_failures_alike_end_the_search(tmp_path: Path, kind: str) -> None:
    driven = Driven(fake_space(tmp_path), tmp_path)
    for fingerprint in ("a", "b", "a", "a"):
        driven.study.failed(driven.ask().number, kind, "no such layer", fingerprint)
    assert driven.study.next() is None
    assert driven.study.ending.failed_alike() == driven.study.records[3]
    driven.study.stop()
    assert driven.events("stopped")[0]["reason"] == "3 trials failed alike: no such layer"


def test_what_runs_stops_at_its_next_report_when_trials_failed_alike(tmp_path: Path) -> None:
    driven = Driven(fake_space(tmp_path), tmp_path)
    running, lost = driven.ask().number, driven.ask().number
    for _ in range(3):
        driven.study.failed(driven.ask().number, "bad configuration", "no such layer", "a")
    driven.study.lost(lost, "killed")
    assert driven.study.next() is None
    assert driven.study.rung(running, 1, 0.5) is True
    assert [driven.study.records[number].state for number in (running, lost)] == [PRUNED, PRUNED]
    assert driven.study.is_over()


@pytest.mark.parametrize("kind", ["NaN loss", "out of memory", "time-out", "lost worker"])
def test_what_the_point_or_chance_explains_ends_no_search(tmp_path: Path, kind: str) -> None:
    driven = Driven(fake_space(tmp_path), tmp_path)
    for _ in range(5):
        driven.study.failed(driven.ask().number, kind, "planted", "a")
    assert driven.study.next() is not None


def test_a_killed_search_counts_on_and_a_stopped_one_begins_anew(tmp_path: Path) -> None:
    space = fake_space(tmp_path)
    for _ in range(3):
        driven = Driven(space, tmp_path)
        driven.study.resume({})
        driven.study.failed(driven.ask().number, "bad configuration", "no such layer", "a")
        driven.close()
    driven = Driven(space, tmp_path)
    assert driven.study.next() is None
    driven.study.stop()
    driven.close()
    driven = Driven(space, tmp_path)
    assert not driven.study.is_over()
    driven.study.resume({})
    assert driven.study.next() is not None


def test_a_trial_told_to_stop_ends_even_if_the_search_was_killed_before_its_end_was_on_record(tmp_path: Path) -> None:
    space = fake_space(tmp_path, search=HALVING, more="known: [{x: 0.7}, {x: 0.0}, {x: 0.1}]")
    whole = Driven(space, tmp_path / "whole")
    whole.run(3)
    stopped = next(number for number, record in whole.study.records.items() if record.state == PRUNED)
    whole.close()
    lines = whole.path.read_bytes().splitlines(keepends=True)
    ends = [event["event"] == "finished" and event["number"] == stopped for event in read_events(whole.path)]
    (tmp_path / "ledger.jsonl").write_bytes(b"".join(lines[: ends.index(True)]))
    driven = Driven(space, tmp_path, Budget(stopped + 1))
    assert driven.study.next() is None
    assert driven.study.records[stopped] == whole.study.records[stopped]
