import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from search_processes import Commands, cluster, ended, trials_with, wait_until
from tiny_search import write_space

from orchestrator.lifeline import Support, raylet_pid
from results.layout import lock_of

SLOW = "{x: {range: [0.0, 1.0]}, epoch_s: 0.4}"
SEARCH = "{sampler: tpe, pruner: none, epochs: 2, trials: 500, hours: 1}"


def test_a_support_has_died_after_so_many_misses_in_a_row() -> None:
    answers = iter([True, False, False, True, False, False, False])
    port = Support("the head", lambda: next(answers), most_misses=2)
    assert [port.has_died() for _ in range(7)] == [False] * 6 + [True]


def test_a_raylet_is_known_by_its_socket(tmp_path: Path) -> None:
    for pid, program, socket in ((7, "/x/raylet", "/tmp/s/raylet"), (8, "/x/raylet", "/tmp/t/raylet"), (9, "/x/y", "")):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "cmdline").write_bytes(f"{program}\0--raylet_socket_name={socket}\0".encode())
    assert raylet_pid("/tmp/t/raylet", tmp_path) == 8
    assert raylet_pid("/tmp/u/raylet", tmp_path) is None


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    write_space(tmp_path, SLOW, SEARCH)
    started = Commands(tmp_path)
    try:
        yield started
    finally:
        started.end_all()


def _kill(commands: Commands, name: str) -> None:
    [pid] = [int(one.split()[0]) for one in commands.survivors() if one.split()[1] == name]
    os.kill(pid, signal.SIGKILL)


def _check_ended(commands: Commands, process: subprocess.Popen[str], victim: str, what: str) -> None:
    """After the kill the search ends with one line, all that had finished on record."""
    wait_until(lambda: trials_with(commands.events("a"), "finished"))
    _kill(commands, victim)
    code, _, complaints = ended(process, 90.0)
    events, folder = commands.events("a"), commands.folder / "runs/a"
    assert (code, len(complaints.splitlines())) == (1, 1), complaints
    assert what in complaints
    assert "everything finished is saved; resume with: " in complaints
    assert "--name a --resume" in complaints
    assert events[-1]["event"] == "stopped"
    assert what in str(events[-1]["reason"])
    assert not lock_of(folder / "ledger.jsonl").exists()


@pytest.mark.training
@pytest.mark.parametrize(("process", "what"), [("raylet", "raylet has died"), ("gcs_server", "(GCS) has died")])
def test_a_search_ends_where_its_own_ray_dies(commands: Commands, process: str, what: str) -> None:
    search = commands.search("--space", "./fake.yaml", "--name", "a")
    _check_ended(commands, search, process, what)


@pytest.mark.training
@pytest.mark.slow
@pytest.mark.parametrize(("process", "what"), [("raylet", "raylet"), ("gcs_server", "the Ray head at")])
def test_a_search_ends_where_the_ray_that_it_joined_dies(commands: Commands, process: str, what: str) -> None:
    with cluster(commands) as facts:
        search = commands.search("--space", "./fake.yaml", "--name", "a", "--address", facts["address"])
        _check_ended(commands, search, process, what)
