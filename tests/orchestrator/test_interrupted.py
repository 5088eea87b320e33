"""Real searches that a signal ends, on a cluster that they joined and on their own, and what a resume makes of them."""

import os
import re
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from search_processes import Commands, cluster, ended, trials_with, wait_until
from tiny_search import write_space

from results.trial_records import COMPLETE, trials_of

pytestmark = pytest.mark.training

SEARCH = "{sampler: tpe, pruner: none, epochs: 3, trials: 4}"
SLOW = "{x: {range: [0.0, 1.0]}, epoch_s: 0.3}"


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    write_space(tmp_path, SLOW, SEARCH)
    started = Commands(tmp_path)
    yield started
    started.end_all()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with cluster(Commands(tmp_path_factory.mktemp("cluster"))) as facts:
        yield facts["address"]


@pytest.mark.parametrize("one", [signal.SIGTERM, signal.SIGHUP])
def test_each_signal_ends_a_search_that_a_resume_completes(
    commands: Commands, address: str, one: signal.Signals
) -> None:
    process = commands.search("--space", "fake.yaml", "--name", "a", "--address", address)
    wait_until(lambda: len(trials_with(commands.events("a"), "rung")) >= 2)
    process.send_signal(one)
    code, said, complaints = ended(process)
    assert (code, complaints, commands.events("a")[-1]["reason"]) == (128 + one, "", "interrupted")
    assert not (commands.folder / "runs/a/ledger.jsonl.lock").exists()
    _check_resumed(commands, said)


def test_a_signal_to_every_process_of_a_local_search_ends_it_as_well(commands: Commands) -> None:
    process = commands.search("--space", "fake.yaml", "--name", "a")
    wait_until(lambda: len(trials_with(commands.events("a"), "rung")) >= 2)
    for survivor in commands.survivors():  # as Slurm does
        os.kill(int(survivor.split()[0]), signal.SIGTERM)
    code, said, _ = ended(process)
    assert (code, commands.events("a")[-1]["reason"]) == (143, "interrupted")
    assert "--resume" in said


def _check_resumed(commands: Commands, said: str) -> None:
    command = re.search(r"python (-m orchestrator.search .*--resume.*)", said)
    assert command is not None
    code, _, complaints = ended(commands.start(sys.executable, *shlex.split(command[1])))
    assert code == 0, complaints
    events = commands.events("a")
    assert sorted(trials_with(events, "asked")) == sorted(trials_with(events, "finished")) == list(range(4))
    assert {record.state for record in trials_of(events).values()} == {COMPLETE}
