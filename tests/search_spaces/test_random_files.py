import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from broken_files import MARKER, TEXT_FAULTS, TREE_FAULTS, broken_file, kind_of
from space_files import valid_file

from search_spaces.loading import load_space, profile_names
from search_spaces.points import default_point, distinct_points, point_faults
from search_spaces.written_form import to_yaml
from trainables.catalogue import DETECTORS

VALID, BROKEN = 1000, 300
QUICK_VALID, QUICK_BROKEN = 40, 60
CLASSES = (1, 2, 5)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)  # where a tag that was obeyed would leave its marker
    return tmp_path / "drawn.yaml"


def check_valid(seed: int, file: Path) -> None:
    """The file loads with each of its profiles, and again from its written form."""
    file.write_text(valid_file(seed), encoding="utf-8")
    for profile in profile_names(str(file)):
        for classes in (None, CLASSES):
            space = load_space(str(file), DETECTORS, profile, classes)
            again = file.with_name("again.yaml")
            again.write_text(to_yaml(space), encoding="utf-8")
            loaded = load_space(str(again), DETECTORS, profile, classes)
            assert replace(loaded, name=space.name) == space, seed
            points = [default_point(space), *space.known]
            assert [point_faults(space, point) for point in points] == [()] * len(points), seed
            assert distinct_points(space) != 0, seed


def check_broken(seed: int, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command ends with 2 and names file and line of everything that it says."""
    from orchestrator.search import main
    from results.commands import run_command

    text = broken_file(seed)
    file.write_text(text, encoding="utf-8")
    assert run_command(main, ["--space", str(file)]) == 2, (seed, kind_of(seed))
    said = capsys.readouterr()
    lines = said.err.splitlines()
    places = [re.search(r"drawn\.yaml:(\d+): ", line) for line in lines]
    assert lines and all(places), (seed, lines)
    assert all(1 <= int(place[1]) <= text.count("\n") + 1 for place in places if place), (seed, lines)
    assert said.out == ""
    assert os.listdir(file.parent) == [file.name], seed


@pytest.mark.parametrize("seed", range(QUICK_VALID))
def test_a_valid_file_loads_and_comes_back(seed: int, file: Path) -> None:
    check_valid(seed, file)


@pytest.mark.parametrize("seed", range(QUICK_BROKEN))
def test_a_broken_file_names_its_line(seed: int, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check_broken(seed, file, capsys)


@pytest.mark.slow
def test_a_thousand_valid_files(file: Path) -> None:
    for seed in range(VALID):
        check_valid(seed, file)


@pytest.mark.slow
def test_three_hundred_broken_files(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in range(BROKEN):
        check_broken(seed, file, capsys)


def test_every_kind_of_fault_is_among_the_quick_ones() -> None:
    assert {kind_of(seed) for seed in range(QUICK_BROKEN)} == {*TREE_FAULTS, *TEXT_FAULTS}


def _kinds() -> Iterator[int]:
    seen: set[str] = set()
    for seed in range(QUICK_BROKEN):
        if kind_of(seed) not in seen:
            seen.add(kind_of(seed))
            yield seed


def test_the_command_says_so_before_anything_heavy_is_imported(file: Path) -> None:
    """As a process: neither Optuna nor Ray nor torch is there when a broken space has been refused."""
    code = (
        "import sys; from orchestrator.search import main; from results.commands import run_command;"
        "codes = {run_command(main, ['--space', name]) for name in sys.argv[1:]};"
        "print(codes, [name for name in ('optuna', 'ray', 'torch', 'numpy', 'pydantic') if name in sys.modules])"
    )
    files = [file.with_name(f"broken_{seed}.yaml") for seed in _kinds()]
    for seed, one in zip(_kinds(), files, strict=True):
        one.write_text(broken_file(seed), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, *map(str, files)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "{2} []\n"
    assert not Path(MARKER).exists()
