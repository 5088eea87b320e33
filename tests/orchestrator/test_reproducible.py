from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.repeats import canonical
from orchestrator.virtual import Simulation, simulate
from results.layout import RunLayout
from results.ledger import read_events
from search_spaces.loading import load_space
from search_spaces.space import Hyperband, MedianPruning, NoPruning, Pruning, SuccessiveHalving
from trainables.catalogue import DETECTORS

PRUNERS = (SuccessiveHalving(), Hyperband(), MedianPruning(), NoPruning())


def decisions(folder: Path, profile: str, simulation: Simulation, pruner: Pruning) -> list[Mapping[str, object]]:
    """Everything on record of a simulated search but its times and its name."""
    space = load_space("fake", DETECTORS, profile)
    space = replace(space, search=replace(space.search, pruner=pruner, confirm=2))
    simulate(space, folder, simulation)
    events = read_events(RunLayout(folder).ledger)
    return [{key: value for key, value in event.items() if key not in ("time", "name")} for event in events]


@pytest.mark.parametrize("pruner", PRUNERS, ids=lambda pruner: type(pruner).__name__)
def test_one_seed_gives_one_sequence_of_decisions_at_fixed_concurrency(tmp_path: Path, pruner: Pruning) -> None:
    simulation = Simulation(trials=20, slots=4, seed=3)
    first = decisions(tmp_path / "first", "noisy", simulation, pruner)
    assert decisions(tmp_path / "second", "noisy", simulation, pruner) == first
    assert decisions(tmp_path / "third", "noisy", replace(simulation, seed=4), pruner) != first


def test_nothing_is_trained_twice_in_200_trials_on_924_points(tmp_path: Path) -> None:
    events = decisions(tmp_path, "discrete", Simulation(trials=200, slots=4), NoPruning())
    asked = [event for event in events if event["event"] == "asked" and event["from"] != "confirmation"]
    assert len({canonical(event["params"]) for event in asked if isinstance(event["params"], Mapping)}) == 200
    answered = [event for event in events if event["event"] == "answered"]
    assert answered and len(asked) == 200
