"""The real command on a real Ray cluster, with processes killed by SIGKILL: the driver, and the workers.

One trial runs after another, so that the decisions must be those of an undisturbed search, which `orchestrator.virtual`
makes in no time. That this holds at any moment of a search is proved without Ray in `test_killed_search`.
"""

import os
import random
import re
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from killed_searches import Decisions, check_continued, cut_last_line, decisions
from search_processes import Commands, cluster, ended, trials_with, wait_until

from orchestrator.virtual import Simulation, simulate
from results.layout import RunLayout
from results.trial_records import FAIL, RUNNING, trials_of
from search_spaces.loading import load_space
from trainables.catalogue import DETECTORS

pytestmark = pytest.mark.training

TRIALS = 6
SPACE = """
detector: fake
rule: coco50
train: {x: {range: [0.0, 1.0]}, epoch_s: 0.3}
search: {sampler: tpe, pruner: {name: successive_halving, reduction_factor: 2, min_epochs: 2}, epochs: 5, trials: 6}
"""
BROKEN = SPACE.replace("0.3}", "0.0, failure: bad_configuration}")
DRIVER_KILLS = [0, 1, *(pytest.param(moment, marks=pytest.mark.slow) for moment in range(2, 8))]


@dataclass(frozen=True)
class OneCore:
    """A cluster on which one trial runs after another; its processes carry the mark of `commands`."""

    address: str
    commands: Commands


@pytest.fixture(scope="module")
def one_core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneCore]:
    started = Commands(tmp_path_factory.mktemp("cluster"), cores=1)
    with cluster(started) as facts:
        yield OneCore(facts["address"], started)


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    started = Commands(tmp_path, cores=1)
    (tmp_path / "fake.yaml").write_text(SPACE, encoding="utf-8")
    yield started
    started.end_all()


def _undisturbed(folder: Path) -> Decisions:
    simulate(load_space(str(folder / "fake.yaml"), DETECTORS), folder / "whole", Simulation(TRIALS))
    return decisions(folder / "whole")


def _run(folder: Path) -> Path:
    return folder / "runs" / "a"


@pytest.mark.parametrize("moment", DRIVER_KILLS)
def test_a_killed_command_is_finished_by_a_resume_as_if_undisturbed(
    commands: Commands, one_core: OneCore, moment: int
) -> None:
    rng, arguments = random.Random(moment), ("--space", "fake.yaml", "--name", "a", "--address", one_core.address)
    process = commands.search(*arguments)
    lines = rng.randrange(2, 24)
    wait_until(lambda: len(commands.events("a")) >= lines)
    process.send_signal(signal.SIGKILL)
    ended(process)
    written = commands.events("a")
    cut_last_line(RunLayout(_run(commands.folder)).ledger, rng)
    before = commands.events("a")
    code, _, complaints = commands.finish(*arguments, "--resume")
    assert code == 0, complaints
    check_continued(_run(commands.folder), before)
    _check_went_on(commands.events("a"), len(before), cut=written[len(before) :])
    assert decisions(_run(commands.folder)) == _undisturbed(commands.folder)


def _check_went_on(events: list[Mapping[str, object]], resumed: int, cut: list[Mapping[str, object]]) -> None:
    """The trial that was cut off went on from its latest report, which its checkpoint has.

    Where that report itself was `cut`, its worker may have trained on without anybody's decision: it may begin anew.
    """
    anew = {event["number"]: 0 for event in cut if event["event"] == "rung"}
    left = [record for record in trials_of(events[:resumed]).values() if record.state == RUNNING]
    starts = {event["number"]: event["epoch"] for event in reversed(events[resumed:]) if event["event"] == "started"}
    for record in left:
        reported = record.rungs[-1][0] if record.rungs else 0
        # A checkpoint is written before it is reported.
        assert starts[record.number] in (reported, reported + 1, anew.get(record.number, reported))


def test_a_trial_whose_worker_is_killed_goes_on_from_its_checkpoint(commands: Commands, one_core: OneCore) -> None:
    process = commands.search("--space", "fake.yaml", "--name", "a", "--address", one_core.address)
    for losses, reports in enumerate((2, 7), start=1):
        wait_until(lambda reports=reports: len(trials_with(commands.events("a"), "rung")) >= reports)
        for worker in one_core.commands.workers():
            os.kill(worker, signal.SIGKILL)
        wait_until(lambda losses=losses: len(trials_with(commands.events("a"), "lost")) >= losses)
    code, _, complaints = ended(process)
    assert code == 0, complaints
    events = commands.events("a")
    assert sorted(trials_with(events, "finished")) == list(range(TRIALS))
    for place, lost in enumerate(events):
        if lost["event"] == "lost":
            assert re.search(r"process \d+ on .*; see .*/trials/000\d/log.txt$", str(lost["reason"]))
            again = next(event for event in events[place:] if event["event"] == "started")
            assert (again["number"], again["epoch"]) == (lost["number"], lost["epoch"])
    assert _without_losses(decisions(_run(commands.folder))) == _without_losses(_undisturbed(commands.folder))


def _without_losses(decided: Decisions) -> Decisions:
    records, turned_away = decided
    return {number: replace(record, losses=0, lost_at=0) for number, record in records.items()}, turned_away


def test_three_failures_alike_end_the_command_with_their_traceback(commands: Commands, one_core: OneCore) -> None:
    (commands.folder / "fake.yaml").write_text(BROKEN, encoding="utf-8")
    code, said, _ = commands.finish("--space", "fake.yaml", "--name", "a", "--address", one_core.address)
    events = commands.events("a")
    assert code == 1
    assert "Traceback (most recent call last)" in said
    assert "nothing can be built, as asked for" in said
    assert trials_with(events, "asked") == trials_with(events, "finished") == [0, 1, 2]
    assert {record.state for record in trials_of(events).values()} == {FAIL}
    assert str(events[-1]["reason"]).startswith("3 trials failed alike: BadConfigurationError")
