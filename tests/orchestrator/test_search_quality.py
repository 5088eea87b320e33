"""Samplers and pruners on problems whose optimum is known, in virtual time: what each reaches with what it is given."""

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.virtual import Simulation, simulate
from results.trial_records import COMPLETE, TrialRecord
from search_spaces.domains import Fixed
from search_spaces.loading import load_space
from search_spaces.space import Hyperband, MedianPruning, NoPruning, Pruning, SuccessiveHalving
from trainables.catalogue import DETECTORS
from trainables.fake_problems import optimum

PRUNERS = {
    "successive_halving": SuccessiveHalving(),
    "hyperband": Hyperband(),
    "median": MedianPruning(),
    "none": NoPruning(),
}


def _searched(folder: Path, problem: str, sampler: str, pruner: Pruning, trials: int) -> dict[int, TrialRecord]:
    space = load_space("fake", DETECTORS, problem)
    space = replace(space, search=replace(space.search, sampler=sampler, pruner=pruner))
    return simulate(space, folder / "run", Simulation(trials, slots=2, seed=1)).records


def _share(records: dict[int, TrialRecord], problem: str) -> float:
    """The best score as a share of the optimum."""
    scores = [record.score or 0.0 for record in records.values() if record.state == COMPLETE]
    return max(scores) / optimum(problem, 10)


def _epochs(records: dict[int, TrialRecord]) -> int:
    return sum(record.rungs[-1][0] for record in records.values() if record.rungs)


@pytest.mark.parametrize(
    ("sampler", "trials", "least"),
    [("tpe", 60, 0.97), ("random", 60, 0.9), ("cmaes", 60, 0.97), pytest.param("gp", 30, 0.97, marks=pytest.mark.slow)],
)
def test_samplers_come_near_the_optimum(tmp_path: Path, sampler: str, trials: int, least: float) -> None:
    assert _share(_searched(tmp_path, "ridge", sampler, NoPruning(), trials), "ridge") >= least


def test_a_grid_holds_the_optimum(tmp_path: Path) -> None:
    space = load_space("fake", DETECTORS, "discrete")
    plane = tuple(replace(one, domain=Fixed(2)) if one.name == "level_c" else one for one in space.train)
    grid = replace(space, train=plane, search=replace(space.search, sampler="grid"))
    records = simulate(grid, tmp_path / "run", Simulation(1000, slots=4)).records
    assert len(records) == 12 * 11
    assert _share(records, "discrete") == 1.0


def test_keys_that_do_not_count_mislead_nobody_for_long(tmp_path: Path) -> None:
    assert _share(_searched(tmp_path, "inert", "tpe", SuccessiveHalving(), 60), "inert") >= 0.95


def test_few_trials_run_out_of_memory_and_hardly_any_of_the_later_ones(tmp_path: Path) -> None:
    records = _searched(tmp_path, "memory", "tpe", SuccessiveHalving(), 60)
    ran_out = [bool(record.ran_out) or record.kind == "out of memory" for record in records.values()]
    assert sum(ran_out) <= 9
    assert sum(ran_out[30:]) <= 2
    assert _share(records, "memory") >= 0.95


@pytest.mark.parametrize(("pruner", "most"), [("successive_halving", 330), ("hyperband", 450), ("median", 450)])
def test_pruners_save_epochs_and_miss_nothing(tmp_path: Path, pruner: str, most: int) -> None:
    records = _searched(tmp_path, "conditional", "tpe", PRUNERS[pruner], 60)
    assert _epochs(records) <= most
    assert _share(records, "conditional") >= 0.95
