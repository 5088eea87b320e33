from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.virtual import Simulation, simulate
from results.layout import RunLayout
from results.ledger import read_events
from results.trial_records import COMPLETE, FAIL, PRUNED, RUNNING
from search_spaces.domains import Choice
from search_spaces.loading import load_space
from search_spaces.points import default_point
from search_spaces.space import Dimension, NoPruning, Space
from trainables.catalogue import DETECTORS
from trainables.fake_parameters import FAILURES

KINDS = {
    "none": None,
    "slow_exit": None,
    "nan_loss": "NaN loss",
    "out_of_memory": "out of memory",
    "lost_worker": "lost worker",
    "bad_configuration": "bad configuration",
    "corrupt_image": "corrupt image",
    "full_disk": "full disk",
    "time_out": "time-out",
}


@pytest.fixture
def space() -> Space:
    return load_space("fake", DETECTORS)


def _decisions(folder: Path) -> list[object]:
    return list(read_events(RunLayout(folder).ledger)[1:])


@pytest.mark.parametrize("slots", [1, 4])
def test_a_seed_is_a_sequence_of_decisions_at_any_number_of_slots(space: Space, tmp_path: Path, slots: int) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        simulate(space, tmp_path / name, Simulation(20, slots, seed))
    assert _decisions(tmp_path / "a") == _decisions(tmp_path / "b")
    assert _decisions(tmp_path / "a") != _decisions(tmp_path / "c")


def test_slots_run_at_the_same_time_and_are_filled_again(space: Space, tmp_path: Path) -> None:
    unpruned = replace(space, search=replace(space.search, pruner=NoPruning(), epochs=10))
    ends = {}
    for slots in (1, 3):
        simulate(unpruned, tmp_path / str(slots), Simulation(7, slots))
        ends[slots] = read_events(RunLayout(tmp_path / str(slots)).ledger)[-1]["time"]
    assert ends == {1: pytest.approx(7.0), 3: pytest.approx(3.0)}


def test_pruned_trials_keep_their_scores_at_their_epochs(space: Space, tmp_path: Path) -> None:
    records = simulate(space, tmp_path / "a", Simulation(20, 2)).records.values()
    pruned = [record for record in records if record.state == PRUNED]
    assert pruned
    assert all([epoch for epoch, _ in record.rungs] == list(range(1, len(record.rungs) + 1)) for record in pruned)
    assert all(record.rungs[-1][1] == record.score for record in pruned)
    assert {len(record.rungs) for record in pruned} <= {1, 3, 9}


def test_failures_are_on_record_by_kind_and_nothing_is_left_running(space: Space, tmp_path: Path) -> None:
    failing = replace(space, train=(*space.train, Dimension("failure", Choice(FAILURES))))
    points = tuple({**default_point(failing), "failure": failure} for failure in FAILURES)
    records = simulate(replace(failing, known=points), tmp_path / "a", Simulation(len(points), 2)).records
    assert [record.params["failure"] for record in records.values()] == list(FAILURES)
    assert {record.params["failure"]: record.kind for record in records.values()} == KINDS
    assert {record.state for record in records.values()} == {FAIL, COMPLETE}


def test_a_search_that_was_cut_off_is_gone_on_with(space: Space, tmp_path: Path) -> None:
    cut = simulate(space, tmp_path / "a", Simulation(12, 3), until_s=0.55).records
    assert [record.state for record in cut.values()].count(RUNNING) == 3
    records = simulate(space, tmp_path / "a", Simulation(12, 3)).records
    assert sorted(records) == list(range(12))
    assert {record.state for record in records.values()} == {COMPLETE, PRUNED}
