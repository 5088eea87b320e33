import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.resuming import how_to_go_on, whole_record
from orchestrator.stopping import Knocks
from results.errors import DetectionSearchError
from results.layout import RunLayout, lock_of
from results.ledger import Ledger, read_events, was_killed

PROJECT = Path(__file__).parents[2]
SEARCH = """
import ctypes, signal, sys, time
from pathlib import Path
from orchestrator import stopping
from orchestrator.options import parse_options
from orchestrator.resuming import whole_record
from orchestrator.stopping import STOPPING
from results.commands import run_command
from results.layout import RunLayout
from results.ledger import Ledger
sleep_in_c = ctypes.CDLL(None).poll  # Python is not asked meanwhile, and it begins again after a signal
def deaf():
    while True:
        sleep_in_c(None, 0, 1000)
def main(arguments):
    STOPPING.listen()
    run = RunLayout(Path("runs/a"))
    with Ledger.create(run.ledger, {"name": "a"}) as ledger, whole_record(ledger, parse_options(["--space", "x"]), run):
        exec(sys.argv[1])
sys.exit(run_command(main))
"""


def _started(folder: Path, body: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SEARCH, body], env={**os.environ, "PYTHONPATH": str(PROJECT)}, text=True, cwd=folder,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _check_ended(folder: Path, process: subprocess.Popen[str], code: int, reason: str = "interrupted") -> str:
    _, complaints = process.communicate(timeout=60)
    ledger = folder / "runs/a/ledger.jsonl"
    assert process.returncode == code, complaints
    assert [event["event"] for event in read_events(ledger)] == ["run", "stopped"]
    assert read_events(ledger)[-1]["reason"] == reason
    assert not lock_of(ledger).exists()
    assert "Traceback" not in complaints
    assert "--name a --resume" in complaints
    return complaints


def test_a_signal_that_comes_twice_at_once_is_one() -> None:
    knocks = Knocks()
    assert [knocks.is_second(now_s) for now_s in (5.0, 5.1, 5.25, 6.0)] == [False, False, False, True]


def test_a_signal_has_its_time() -> None:
    knocks = Knocks()
    assert not knocks.is_overdue(100.0)
    knocks.is_second(100.0)
    assert [knocks.is_overdue(now_s) for now_s in (101.0, 114.0, 116.0)] == [False, False, True]


@pytest.mark.parametrize("one", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_puts_the_end_on_record(tmp_path: Path, one: signal.Signals) -> None:
    process = _started(tmp_path, "print('ready', flush=True); time.sleep(100)")
    process.send_signal(one)
    assert _check_ended(tmp_path, process, 128 + one).splitlines()[-1] == "interrupted"


def test_a_second_signal_ends_at_once_what_is_deaf(tmp_path: Path) -> None:
    process = _started(tmp_path, "print('ready', flush=True); STOPPING.notice(); deaf()")
    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _check_ended(tmp_path, process, 143)


def test_one_signal_ends_in_time_what_is_deaf(tmp_path: Path) -> None:
    body = "stopping._IN_TIME_S = 1.0; print('ready', flush=True)\nwith STOPPING.held(): deaf()"
    process = _started(tmp_path, body)
    process.send_signal(signal.SIGHUP)
    _check_ended(tmp_path, process, 129)


def test_an_exception_that_a_library_drops_is_raised_again(tmp_path: Path) -> None:
    body = "print('ready', flush=True)\ntry: time.sleep(100)\nexcept KeyboardInterrupt: time.sleep(100)"
    process = _started(tmp_path, body)
    process.send_signal(signal.SIGTERM)
    _check_ended(tmp_path, process, 143)


def test_while_ray_starts_the_first_signal_ends_at_once_whatever_handlers_it_sets(tmp_path: Path) -> None:
    theirs = "signal.signal(signal.SIGTERM, signal.SIG_DFL)"
    body = f"with STOPPING.shielded(ends_at_once=True): {theirs}; print('ready', flush=True); deaf()"
    process = _started(tmp_path, body)
    process.send_signal(signal.SIGTERM)
    _check_ended(tmp_path, process, 143)


def test_after_ray_has_started_the_handlers_are_ours_again(tmp_path: Path) -> None:
    theirs = "signal.signal(signal.SIGTERM, signal.SIG_DFL)"
    body = f"with STOPPING.shielded(ends_at_once=True): {theirs}\nprint('ready', flush=True); time.sleep(100)"
    process = _started(tmp_path, body)
    process.send_signal(signal.SIGTERM)
    _check_ended(tmp_path, process, 143)


def test_another_thread_ends_a_search_whose_ray_has_died(tmp_path: Path) -> None:
    end = "threading.Thread(target=STOPPING.end_now, args=(1, 'the raylet died')).start()"
    process = _started(tmp_path, f"import threading; print('ready', flush=True); {end}; deaf()")
    _check_ended(tmp_path, process, 1, "the raylet died")


def test_an_error_is_on_record_as_the_end(tmp_path: Path) -> None:
    from orchestrator.options import parse_options

    run = RunLayout(tmp_path / "runs/a")
    with (
        pytest.raises(DetectionSearchError, match="disk"),
        Ledger.create(run.ledger, {}) as ledger,
        whole_record(ledger, parse_options(["--space", "x"]), run),
    ):
        raise DetectionSearchError("the disk is gone")
    assert read_events(run.ledger)[-1]["reason"] == "failed: the disk is gone"
    assert not was_killed(run.ledger, read_events(run.ledger))


def test_the_way_to_go_on_is_one_line() -> None:
    from orchestrator.options import parse_options

    said = how_to_go_on(parse_options(["--space", "x", "--address", "h:1"]), RunLayout(Path("runs/a")))
    assert said.endswith("--space runs/a/space.yaml --name a --resume --address h:1")
