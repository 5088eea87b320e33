import math
import subprocess
import sys
from pathlib import Path

import pytest
from optuna.distributions import FloatDistribution, IntDistribution
from tiny_search import Driven, fake_space

from orchestrator.cma_sampler import share_at, value_at
from orchestrator.repeats import canonical
from search_spaces.points import every_point
from search_spaces.space import Space
from trainables.fake import OPTIMUM_X

RANGES = "{x: {range: [0.0, 1.0]}, y: {range: [0.0, 1.0]}, level_a: {range: [0, 11]}}"
GRID = (
    "{level_a: {range: [0, 5]}, family: {choice: [flat, deep]},"
    " y: {range: [0.1, 0.3], step: 0.1, when: {family: [deep]}}}"
)
FAMILIES = (
    "{family: {choice: [flat, deep]}, x: {range: [0.0, 1.0], when: {family: [flat]}},"
    " y: {range: [0.0, 1.0], when: {family: [deep]}}}"
)
SAMPLERS = ["tpe", "random", "gp", "cmaes"]


def space_with(folder: Path, sampler: str, train: str = RANGES, more: str = "") -> Space:
    return fake_space(folder, train, f"{{sampler: {sampler}, pruner: none, epochs: 2, trials: 40}}", more)


@pytest.mark.parametrize(
    ("sampler", "cut", "trials"),
    # A Gaussian process is asked from the eleventh trial on, and takes a second.
    [("tpe", 13, 22), ("random", 13, 22), ("gp", 11, 13), ("cmaes", 13, 22), ("grid", 13, 22)],
)
def test_one_seed_gives_one_sequence_also_where_it_was_cut(tmp_path: Path, sampler: str, cut: int, trials: int) -> None:
    space = space_with(tmp_path, sampler, GRID if sampler == "grid" else RANGES, more="known: [{level_a: 3}]")
    whole = [asked.params for asked in Driven(space, tmp_path / "whole").run(trials)]
    first = Driven(space, tmp_path / "cut")
    begun = [asked.params for asked in first.run(cut)]
    first.close()
    assert begun + [asked.params for asked in Driven(space, tmp_path / "cut").run(trials - cut)] == whole
    assert len({canonical(point) for point in whole}) == trials


def test_a_space_with_conditions_goes_on_alike_where_it_was_cut(tmp_path: Path) -> None:
    space = space_with(tmp_path, "tpe", FAMILIES)
    whole = [asked.params for asked in Driven(space, tmp_path / "whole").run(30)]
    first = Driven(space, tmp_path / "cut")
    begun = [asked.params for asked in first.run(17)]
    first.close()
    assert begun + [asked.params for asked in Driven(space, tmp_path / "cut").run(13)] == whole
    assert {asked["family"] for asked in whole} == {"flat", "deep"}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_another_seed_gives_another_sequence(tmp_path: Path, sampler: str) -> None:
    space = space_with(tmp_path, sampler)
    runs = [[asked.params for asked in Driven(space, tmp_path / str(seed), seed=seed).run(4)] for seed in (1, 2)]
    assert runs[0] != runs[1]


@pytest.mark.parametrize("sampler", [pytest.param("gp", marks=pytest.mark.slow), "cmaes"])
def test_samplers_find_the_optimum(tmp_path: Path, sampler: str) -> None:
    driven = Driven(space_with(tmp_path, sampler), tmp_path)
    driven.run(45)
    best = driven.study.best()
    assert best is not None
    assert best.params["x"] == pytest.approx(OPTIMUM_X, abs=0.05)


def test_the_grid_is_walked_in_the_files_order(tmp_path: Path) -> None:
    space = space_with(tmp_path, "grid", GRID)
    assert [asked.params for asked in Driven(space, tmp_path).run()] == list(every_point(space))


def test_known_points_come_first_and_forbidden_ones_never(tmp_path: Path) -> None:
    more = "known: [{level_a: 4, family: deep, y: 0.3}]\nforbid: [{level_a: [0, 1]}, {level_a: 5, family: deep}]"
    space = space_with(tmp_path, "grid", GRID, more)
    walked = [asked.params for asked in Driven(space, tmp_path).run()]
    (known,) = space.known
    assert walked == [known, *(point for point in every_point(space) if point != known)]


@pytest.mark.parametrize(
    "distribution",
    [
        FloatDistribution(0.5, 2.5),
        FloatDistribution(1e-4, 1e-1, log=True),
        FloatDistribution(0.1, 0.7, step=0.2),
        IntDistribution(1, 9),
        IntDistribution(2, 10, step=4),
        IntDistribution(1, 1000, log=True),
    ],
)
def test_shares_of_a_range_lead_there_and_back(distribution: FloatDistribution | IntDistribution) -> None:
    values = [value_at(distribution, place / 100) for place in range(101)]
    assert (values[0], values[-1]) == (pytest.approx(distribution.low), pytest.approx(distribution.high))
    assert values == sorted(values)
    assert all(distribution._contains(distribution.to_internal_repr(value)) for value in values)
    assert all(math.isclose(value_at(distribution, share_at(distribution, value)), value) for value in values)


def test_only_the_gaussian_process_imports_torch() -> None:
    code = "import sys, orchestrator.optuna_parts, orchestrator.cma_sampler; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
