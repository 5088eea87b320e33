import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
WAITING = """
import multiprocessing, signal, sys, time
from results.commands import run_command
def main(arguments):
    if arguments:
        exec(arguments[0])
    try:
        print("ready", flush=True)
        time.sleep(100)
    except KeyboardInterrupt:
        print("cleaned up", flush=True)
        time.sleep(100 if "stay" in arguments else 0)
        raise
sys.exit(run_command(main))
"""
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


def _started(*arguments: str, before: str = "") -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", before + WAITING, *arguments], env={**os.environ, "PYTHONPATH": str(PROJECT)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("one", CODES)
def test_each_signal_ends_a_command_with_one_line_and_its_code(one: signal.Signals) -> None:
    process = _started()
    process.send_signal(one)
    said, complaints = process.communicate(timeout=60)
    assert (process.returncode, said, complaints) == (CODES[one], "cleaned up\n", "interrupted\n")


@pytest.mark.parametrize("one", CODES)
def test_a_second_signal_ends_a_command_that_does_not_end(one: signal.Signals) -> None:
    process = _started("", "stay")
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    assert process.stdout.readline() == "cleaned up\n"
    process.send_signal(one)
    process.communicate(timeout=60)
    assert process.returncode == -one


@pytest.mark.parametrize("one", CODES)
def test_what_was_ignored_at_the_start_stays_ignored(one: signal.Signals) -> None:
    process = _started(before=f"import signal; signal.signal({int(one)}, signal.SIG_IGN)\n")
    process.send_signal(one)
    other = signal.SIGTERM if one != signal.SIGTERM else signal.SIGINT
    process.send_signal(other)
    assert process.wait(60) == CODES[other]
    process.communicate()


def test_a_forked_child_ends_as_the_system_has_it() -> None:
    child = "global one; one = multiprocessing.get_context('fork').Process(target=time.sleep, args=(9,)); one.start();"
    process = _started(f"{child} time.sleep(1); one.terminate(); one.join(); print(one.exitcode, file=sys.stderr)")
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60)[1].splitlines()[0] == str(-signal.SIGTERM)


def test_a_command_that_leaves_for_a_signal_keeps_its_code_whatever_comes_next() -> None:
    slow = "import atexit; atexit.register(lambda: (print('leaving', flush=True), time.sleep(100)))"
    process = _started(slow)
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["cleaned up\n", "leaving\n"]
    process.send_signal(signal.SIGINT)
    assert "Traceback" not in process.communicate(timeout=60)[1]
    assert process.returncode == 143
