import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from results.errors import DamagedFileError, DetectionSearchError, InputError
from results.layout import lock_of
from results.ledger import Ledger, read_events
from results.trial_records import COMPLETE, FAIL, PRUNED, RUNNING, trials_of

ASKED = {"event": "asked", "number": 0, "params": {"lr": 0.01}, "from": "known"}


def _ledger(folder: Path, *events: dict[str, object]) -> Path:
    path = folder / "ledger.jsonl"
    with Ledger.create(path, {"name": "a"}) as ledger:
        for event in events:
            ledger.append(event)
    return path


def test_events_read_back_in_order_after_the_header(tmp_path: Path) -> None:
    events = read_events(_ledger(tmp_path, ASKED, {"event": "stopped", "reason": "done"}))
    assert [event["event"] for event in events] == ["run", "asked", "stopped"]
    assert events[0]["name"] == "a"
    assert all(isinstance(event["time"], float) for event in events)
    assert events[1]["params"] == {"lr": 0.01}


def test_a_header_cannot_claim_another_schema(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    Ledger.create(path, {"schema": 99, "event": "x", "time": 5.0}).close()
    assert read_events(path) == [{"event": "run", "schema": 2, "time": 5.0}]


def test_a_ledger_is_created_once(tmp_path: Path) -> None:
    path = _ledger(tmp_path)
    with pytest.raises(InputError, match="--resume"):
        Ledger.create(path, {})
    assert not lock_of(path).exists()


def test_a_header_with_nan_leaves_neither_ledger_nor_lock(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        Ledger.create(tmp_path / "ledger.jsonl", {"lr": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_a_second_writer_is_refused_readers_are_not(tmp_path: Path) -> None:
    path = _ledger(tmp_path)
    with Ledger.open(path) as ledger:
        with pytest.raises(InputError, match=rf"one process at a time.*process {os.getpid()} on .*, for less than two"):
            Ledger.open(path)
        ledger.append(ASKED)
        assert len(read_events(path)) == 2
    with Ledger.open(path) as ledger:
        ledger.append({"event": "resumed"})


def test_an_unfinished_last_line_is_ignored_and_cut_off_by_the_next_writer(tmp_path: Path) -> None:
    path = _ledger(tmp_path, ASKED)
    with path.open("ab") as file:
        file.write(b'{"event":"rung","numb')
    assert [event["event"] for event in read_events(path)] == ["run", "asked"]
    with Ledger.open(path) as ledger:
        ledger.append({"event": "resumed"})
    assert [event["event"] for event in read_events(path)] == ["run", "asked", "resumed"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "begins with"),
        ('{"event": "asked"}\n', "begins with"),
        ('{"event": "run", "schema": 3}\n', "schema 3"),
        ('{"event": "run", "schema": 1}\nx\n{"event": "stopped"}\n', "line 2"),
    ],
)
def test_a_ledger_that_cannot_be_trusted_is_refused_and_left_alone(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text(content)
    with pytest.raises(DamagedFileError, match=says):
        Ledger.open(path)
    assert path.read_text() == content
    assert not lock_of(path).exists()


def test_a_missing_ledger_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        Ledger.open(tmp_path / "ledger.jsonl")
    with pytest.raises(InputError):
        read_events(tmp_path / "ledger.jsonl")


def test_bad_events_are_refused_and_leave_no_trace(tmp_path: Path) -> None:
    path = _ledger(tmp_path)
    with Ledger.open(path) as ledger:
        for bad in ({"number": 1}, {"event": "rung", "score": float("nan")}):
            with pytest.raises(ValueError):
                ledger.append(bad)
    with pytest.raises(ValueError, match="closed"):
        ledger.append(ASKED)
    assert len(read_events(path)) == 1


def test_a_full_disk_is_said_with_its_remedy_and_leaves_a_whole_ledger(tmp_path: Path) -> None:
    path = _ledger(tmp_path, ASKED)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Ledger.open(path) as ledger:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, limits[1]))
        try:
            with pytest.raises(DetectionSearchError, match="make room, then go on with --resume"):
                ledger.append({"event": "rung", "number": 0, "epoch": 1, "score": 0.5})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        ledger.append({"event": "resumed"})
    assert [event["event"] for event in read_events(path)] == ["run", "asked", "resumed"]


def test_a_killed_writer_leaves_a_ledger_that_opens(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    script = (
        "import sys, pathlib; from results.ledger import Ledger\n"
        "ledger = Ledger.create(pathlib.Path(sys.argv[1]), {})\n"
        "for number in range(10**9):\n"
        "    ledger.append({'event': 'asked', 'number': number, 'params': {'text': 'x' * 1000}})\n"
        "    if number == 3: print('written', flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    with Ledger.open(path) as ledger:
        ledger.append({"event": "resumed"})
    events = read_events(path)
    assert events[-1]["event"] == "resumed"
    assert sorted(trials_of(events)) == list(range(len(events) - 2))


def test_a_trial_goes_through_its_states() -> None:
    rung = {"event": "rung", "number": 0, "epoch": 4, "score": 0.2}
    done = {"event": "finished", "number": 0, "state": "COMPLETE", "score": 0.5, "summary": {"fps": 9.0}}
    assert trials_of([ASKED])[0].state == RUNNING
    trial = trials_of([ASKED, {"event": "started", "number": 0}, rung, {**rung, "epoch": 8, "score": None}, done])[0]
    assert (trial.state, trial.score, trial.source) == (COMPLETE, 0.5, "known")
    assert trial.rungs == ((4, 0.2), (8, None))
    assert trial.summary == {"fps": 9.0}
    assert trial.params == {"lr": 0.01}


def test_failures_and_pruned_trials_keep_their_reason() -> None:
    failed = {"event": "finished", "number": 0, "state": "FAIL", "kind": "out of memory", "reason": "2 GiB"}
    trial = trials_of([ASKED, failed])[0]
    assert (trial.state, trial.score, trial.kind, trial.reason) == (FAIL, None, "out of memory", "2 GiB")
    pruned = {"event": "finished", "number": 0, "state": "PRUNED", "score": 0.1, "reason": "halving"}
    assert trials_of([ASKED, pruned])[0].state == PRUNED


def _rung(epoch: int) -> dict[str, object]:
    return {"event": "rung", "number": 0, "epoch": epoch, "score": epoch / 10}


def _started(epoch: int) -> dict[str, object]:
    return {"event": "started", "number": 0, "config_hash": "a", "epoch": epoch}


@pytest.mark.parametrize(("epoch", "kept"), [(0, ()), (1, (1,)), (2, (1, 2)), (5, (1, 2, 3))])
def test_a_trial_keeps_what_its_checkpoint_has_brought(epoch: int, kept: tuple[int, ...]) -> None:
    first = [_started(0), *map(_rung, (1, 2, 3)), {"event": "resumed"}]
    trial = trials_of([ASKED, *first, _started(epoch)])[0]
    assert (trial.state, trial.source) == (RUNNING, "known")
    assert tuple(epoch for epoch, _ in trial.rungs) == kept
    assert trials_of([ASKED, *first, _started(epoch), _rung(epoch + 1)])[0].rungs[-1][0] == epoch + 1


def test_a_ledger_of_the_first_schema_is_read(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text('{"event":"run","schema":1,"time":1.0}\n')
    started = {"event": "started", "number": 0, "config_hash": "a"}
    assert trials_of([*read_events(path), ASKED, _rung(1), started])[0].rungs == ()


def test_losses_count_until_a_new_checkpoint_comes() -> None:
    epochs = (0, 0, 2, 2, 2, 4)
    lost = [{"event": "lost", "number": 0, "reason": "killed", "epoch": epoch} for epoch in epochs]
    counts = [trials_of([ASKED, *lost[: end + 1]])[0].losses for end in range(len(lost))]
    assert counts == [1, 2, 1, 2, 3, 1]


def test_a_retried_trial_is_the_same_trial_with_smaller_batches() -> None:
    retried = {"event": "retried", "number": 0, "accumulate": 2, "reason": "out of memory"}
    trial = trials_of([ASKED, retried])[0]
    assert (trial.state, trial.accumulate, trial.reason) == (RUNNING, 2, "out of memory")
    done = {"event": "finished", "number": 0, "state": "COMPLETE", "score": 0.5, "summary": {"peak_gib": 3.5}}
    trial = trials_of([ASKED, retried, _started(0), done])[0]
    assert (trial.accumulate, trial.reason, trial.peak_gib) == (2, None, 3.5)


def test_a_peak_of_memory_is_known_from_the_first_rung_and_gone_with_smaller_batches() -> None:
    rungs = [{**_rung(1), "peak_gib": 7.5}, _rung(2)]
    stopped = {"event": "finished", "number": 0, "state": "PRUNED", "score": 0.1, "reason": "worse"}
    assert trials_of([ASKED, *rungs])[0].peak_gib == trials_of([ASKED, *rungs, stopped])[0].peak_gib == 7.5
    retried = {"event": "retried", "number": 0, "accumulate": 2, "reason": "out of memory"}
    assert trials_of([ASKED, *rungs, retried])[0].peak_gib is None


@pytest.mark.parametrize(
    "bad",
    [
        {"event": "rung", "number": 7, "epoch": 1, "score": 0.1},
        {"event": "rung", "number": 0, "epoch": "4", "score": 0.1},
        {"event": "rung", "number": 0, "epoch": 4, "score": "high"},
        {"event": "finished", "number": 0, "state": "DONE"},
        {"event": "finished", "number": True, "state": "FAIL"},
        {"event": "started", "number": 0, "epoch": None},
        {"event": "lost", "number": 0, "reason": "killed"},
        {"event": "retried", "number": 0, "reason": "killed"},
        {"event": "asked", "number": 1},
    ],
)
def test_an_event_that_makes_no_sense_is_named(bad: dict[str, object]) -> None:
    with pytest.raises(DamagedFileError, match="event 2 of the ledger"):
        trials_of([ASKED, bad])


def test_events_of_a_later_version_are_passed_over() -> None:
    assert list(trials_of([{"event": "run"}, ASKED, {"event": "notice", "text": "x"}, {}])) == [0]


def test_a_result_of_an_earlier_run_stands_as_a_trial_with_its_origin() -> None:
    taken = {"event": "reused", "number": 4, "params": {"lr": 0.1}, "from": "known", "run": "a", "trial": 7}
    trial = trials_of([{**taken, "state": "COMPLETE", "score": 0.5, "rungs": [[2, 0.3], [4, None]], "summary": {}}])[4]
    assert (trial.state, trial.score, trial.source, trial.origin) == (COMPLETE, 0.5, "known", "a/7")
    assert trial.rungs == ((2, 0.3), (4, None))
    with pytest.raises(DamagedFileError):
        trials_of([{**taken, "state": "COMPLETE", "score": 0.5, "rungs": "abc"}])
