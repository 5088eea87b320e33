import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from results.errors import InputError
from results.ownership import Owner, acquire, is_held, release


def _dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def _write(lock: Path, **changes: object) -> None:
    owner = {"pid": _dead_pid(), "host": socket.gethostname(), "time": 1.0, "process_start": None}
    lock.write_text(json.dumps(owner | changes))


def test_a_second_owner_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    acquire(lock)
    with pytest.raises(InputError, match=rf"process {os.getpid()} on .*, for .*; .*delete that file"):
        acquire(lock)


def test_a_lock_given_back_is_free(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    release(lock, acquire(lock))
    assert not lock.exists()
    assert acquire(lock).pid == os.getpid()


def test_a_dead_owner_is_replaced_aloud(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = tmp_path / "lock"
    _write(lock)
    owner = acquire(lock)
    assert json.loads(lock.read_text())["pid"] == owner.pid == os.getpid()
    assert "took over" in capsys.readouterr().err


def test_an_owner_on_another_machine_is_never_replaced(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    _write(lock, host="elsewhere")
    with pytest.raises(InputError, match="on elsewhere"):
        acquire(lock)


def test_a_running_owner_is_not_replaced(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    _write(lock, pid=os.getppid())
    with pytest.raises(InputError, match=f"process {os.getppid()}"):
        acquire(lock)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="tells recycled numbers by Linux' /proc")
def test_another_process_under_a_dead_owners_number_does_not_count(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    _write(lock, pid=os.getppid(), process_start=-1)
    assert acquire(lock).pid == os.getpid()


@pytest.mark.parametrize("content", ["", '{"pid": 1', "[]", "{}", '{"pid": "x", "host": "y", "time": 1}'])
def test_a_lock_that_names_nobody_was_left_by_a_kill(
    tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("results.ownership._NAMELESS_PATIENCE_S", 0.0)
    lock = tmp_path / "lock"
    lock.write_text(content)
    assert acquire(lock).pid == os.getpid()
    assert "killed before it signed" in capsys.readouterr().err


def test_somebody_elses_lock_is_not_given_back(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    acquire(lock)
    release(lock, Owner(pid=os.getpid(), host="elsewhere", time=0.0))
    assert lock.exists()


def test_of_processes_that_take_over_at_once_one_gets_through(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    _write(lock)
    script = (
        "import sys, pathlib; from results.ownership import acquire; from results.errors import InputError\n"
        "try: acquire(pathlib.Path(sys.argv[1]))\n"
        "except InputError: print('refused')\n"
        "else: print('owner')\n"
        "sys.stdout.flush(); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(lock)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(4)]  # type: ignore[call-overload]
    answers = [process.stdout.readline().strip() for process in processes]
    for process in processes:
        process.communicate()
    assert sorted(answers) == ["owner", "refused", "refused", "refused"]


def test_only_a_living_owner_holds_a_lock(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert not is_held(lock)
    _write(lock)
    assert not is_held(lock)
    _write(lock, host="elsewhere")
    assert is_held(lock)
    lock.write_text("")
    assert is_held(lock)
