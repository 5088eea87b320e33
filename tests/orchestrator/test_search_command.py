import json
import shlex
import shutil
import signal
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from search_processes import Commands, cluster, ended, trials_with, wait_until
from tiny_search import write_data, write_space

from results.commands import as_typed
from results.trial_records import COMPLETE, FAIL, RUNNING, trials_of

SEARCH = "{sampler: tpe, pruner: none, epochs: 3, trials: 8, hours: 1}"
SLOW = "{x: {range: [0.0, 1.0]}, epoch_s: 0.3}"
FAILING = "{x: {range: [0.0, 1.0]}, epoch_s: 0.3, failure: {choice: [none, nan_loss, lost_worker]}}"
TWO_FAIL = "known: [{x: 0.1}, {x: 0.2}, {x: 0.3, failure: nan_loss}, {x: 0.4, failure: lost_worker}]"
AGENTS = ("ray::DashboardA", "ray::RuntimeEnv")  # as the kernel cuts their names
BASIC = ("--space", "fake.yaml", "--data", "dataset.yaml")


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    """A folder with data and a slow space; after the test nothing that was started in it may run."""
    write_data(tmp_path)
    write_space(tmp_path, SLOW, SEARCH)
    started = Commands(tmp_path)
    try:
        yield started
        # Two of Ray's agents notice a killed driver only after half a minute; what computes or serves ends at once.
        wait_until(lambda: not [name for name in started.survivors() if not name.endswith(AGENTS)])
    finally:
        started.end_all()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A cluster that several tests use; starting one takes many seconds."""
    with cluster(Commands(tmp_path_factory.mktemp("cluster"))) as facts:
        yield facts


@pytest.mark.training
def test_workers_run_the_drivers_python_even_under_uv(shared: dict[str, str]) -> None:
    assert shared["driver"] == shared["worker"] == sys.executable


@pytest.mark.training
def test_a_search_runs_to_its_end_through_failures(commands: Commands) -> None:
    write_space(commands.folder, FAILING, SEARCH, TWO_FAIL)
    code, said, complaints = commands.finish(*BASIC, "--name", "a")
    assert (code, complaints) == (0, "")
    assert f"next: {as_typed('python -m results.report --run a')}" in said
    events = commands.events("a")
    records = trials_of(events)
    assert sorted(records) == list(range(8))
    assert [records[number].state for number in range(4)] == [COMPLETE, COMPLETE, FAIL, FAIL]
    assert [records[number].kind for number in (2, 3)] == ["NaN loss", "lost worker"]
    assert sorted(trials_with(events, "finished")) == list(range(8))
    assert events[-1]["event"] == "stopped"
    first_end = next(index for index, event in enumerate(events) if event["event"] == "finished")
    assert trials_with(events[:first_end], "asked")[:2] == [0, 1]  # side by side, however late a process starts
    _check_leaderboard(commands)


def _check_leaderboard(commands: Commands) -> None:
    code, said, _ = ended(commands.start(sys.executable, "-m", "results.leaderboard", "--run", "a", "--json"))
    trials = json.loads(said)["trials"]
    scores = [trial["score"] for trial in trials if trial["state"] == COMPLETE]
    assert (code, len(trials), len(said.splitlines())) == (0, 8, 1)
    assert scores == sorted(scores, reverse=True)
    assert {trial["state"] for trial in trials} <= {COMPLETE, FAIL}


@pytest.mark.training
def test_a_killed_search_is_finished_by_a_resume(commands: Commands, shared: dict[str, str]) -> None:
    process = commands.search(*BASIC, "--name", "a")
    wait_until(lambda: len(trials_with(commands.events("a"), "finished")) >= 2)
    process.send_signal(signal.SIGKILL)
    ended(process)
    before = commands.events("a")
    unfinished = {number for number, record in trials_of(before).items() if record.state == RUNNING}
    assert unfinished
    code, _, complaints = commands.finish(*BASIC, "--name", "a", "--resume", "--address", shared["address"])
    assert code == 0, complaints
    assert complaints.startswith("notice: took over")
    _check_continued(commands, before)


def _check_continued(commands: Commands, before: list[object]) -> None:
    """Nothing finished ran again, nothing was lost, nothing is left running."""
    events = commands.events("a")
    assert events[: len(before)] == before
    done = set(trials_with(events[: len(before)], "finished"))
    assert done.isdisjoint(trials_with(events[len(before) :], "started"))
    assert sorted(trials_with(events, "finished")) == list(range(8))
    assert sorted(trials_with(events, "asked")) == list(range(8))
    assert {record.state for record in trials_of(events).values()} == {COMPLETE}


@pytest.mark.training
def test_an_interrupted_search_says_how_to_go_on(commands: Commands, shared: dict[str, str]) -> None:
    process = commands.search(*BASIC, "--name", "a", "--seed", "3", "--address", shared["address"])
    wait_until(lambda: len(trials_with(commands.events("a"), "finished")) >= 2)
    process.send_signal(signal.SIGINT)
    code, said, complaints = ended(process)
    before = commands.events("a")
    assert (code, complaints, before[-1]["reason"]) == (130, "", "interrupted")
    remedy = next(line for line in said.splitlines() if "--resume" in line)
    command = [sys.executable, *shlex.split(remedy.removeprefix("uv run "))[1:]]
    resumed = commands.start(*command)
    wait_until(lambda: _best_shown(shared) in _complete_scores(commands))
    assert ended(resumed)[0] == 0
    _check_continued(commands, before)
    code, said, _ = ended(commands.start(*command))
    assert (code, "nothing to resume" in said) == (0, True)


def _best_shown(shared: dict[str, str]) -> float | None:
    """What the cluster's metrics port, where Prometheus reads, says is the best score."""
    with urllib.request.urlopen(shared["metrics"], timeout=10) as page:
        lines = page.read().decode().splitlines()
    best = [line.split()[-1] for line in lines if line.startswith("ray_search_best_score{")]
    return float(best[0]) if best else None


def _complete_scores(commands: Commands) -> list[object]:
    return [event["score"] for event in commands.events("a") if event.get("state") == COMPLETE]


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


PLANTED: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing annotation file": (lambda folder: (folder / "val.json").unlink(), "val.json"),
    "missing image": (lambda folder: (folder / "images" / "6.png").unlink(), "6.png"),
    "malformed json": (lambda folder: (folder / "train.json").write_text('{"images": ['), "train.json"),
    "unknown key": (lambda folder: _replace(folder / "fake.yaml", "epoch_s", "epochs_s"), "epoch_s"),
    "range upside down": (lambda folder: _replace(folder / "fake.yaml", "[0.0, 1.0]", "[1.0, 0.5]"), "fake.yaml:3"),
    "unknown detector": (lambda folder: _replace(folder / "fake.yaml", "detector: fake", "detector: fcos2"), "fcos2"),
    "shared images": (lambda folder: shutil.copy(folder / "images/1.png", folder / "images/6.png"), "6.png"),
    "no data set file": (lambda folder: (folder / "dataset.yaml").unlink(), "dataset.yaml"),
    "damaged data set file": (lambda folder: (folder / "dataset.yaml").write_text("train: [\n"), "dataset.yaml"),
}
MALFORMED = {
    "unknown profile": ("--profile demp", "demp"),
    "bad name": ("--name ../a", "../a"),
    "no run to resume": ("--resume", "none under"),
    "no such run": ("--resume --name b", "'b'"),
    "trials": ("--trials 0", "--trials"),
    "hours": ("--hours soon", "soon"),
    "unknown flag": ("--frobnicate", "--frobnicate"),
}


@pytest.mark.parametrize("case", PLANTED)
def test_wrong_input_is_one_line_and_leaves_nothing(commands: Commands, case: str) -> None:
    plant, named = PLANTED[case]
    plant(commands.folder)
    _check_refused(commands, named, *BASIC, "--name", "a")


@pytest.mark.parametrize("case", MALFORMED)
def test_a_wrong_command_line_is_one_line_and_leaves_nothing(commands: Commands, case: str) -> None:
    line, named = MALFORMED[case]
    _check_refused(commands, named, *BASIC, *line.split())


def _check_refused(commands: Commands, named: str, *arguments: str) -> None:
    code, said, complaints = commands.finish(*arguments)
    assert code == 2
    assert len(complaints.splitlines()) == 1
    assert complaints.startswith("error: ")
    assert named in complaints
    assert "Traceback" not in said
    assert not (commands.folder / "runs").exists()


def test_a_name_is_used_once(commands: Commands) -> None:
    ledger = commands.folder / "runs/a/ledger.jsonl"
    ledger.parent.mkdir(parents=True)
    ledger.write_text('{"event":"run","schema":1,"time":1.0}\n')
    code, _, complaints = commands.finish(*BASIC, "--name", "a")
    assert (code, len(complaints.splitlines())) == (2, 1)
    assert "--name a --resume" in complaints
    assert [path.name for path in ledger.parent.iterdir()] == ["ledger.jsonl"]


def test_an_address_without_a_cluster_leaves_no_run(commands: Commands) -> None:
    _check_refused(commands, "127.0.0.1:1", *BASIC, "--name", "a", "--address", "127.0.0.1:1")
    _check_refused(commands, "somewhere", *BASIC, "--name", "a", "--address", "somewhere")


@pytest.mark.training
def test_gpus_that_are_not_there_leave_no_run(commands: Commands, shared: dict[str, str]) -> None:
    where = ("--address", shared["address"], "--gpus-per-trial", "1")
    _check_refused(commands, "no GPU", *BASIC, "--name", "a", *where)


def test_a_failed_dry_run_starts_nothing(commands: Commands) -> None:
    write_space(commands.folder, "{x: {range: [0.0, 1.0]}, fail_epoch: {range: [1, 3]}}")  # and it never fails
    _check_refused(commands, "train.fail_epoch", *BASIC, "--dry-run")
