import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from results import ownership
from results.commands import run_command
from results.disk import disk_error, disk_error_within, writing
from results.errors import DiskError
from results.layout import check_can_begin, run_layout, write_atomically
from results.ledger import Ledger

REFUSALS = {
    errno.ENOSPC: 1,
    errno.EDQUOT: 1,
    errno.EIO: 1,
    errno.EROFS: 2,
    errno.EACCES: 2,
    errno.ENOTDIR: 2,
}


def refuse(number: int) -> Callable[..., int]:
    def refused(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    return refused


@pytest.mark.parametrize(("number", "code"), REFUSALS.items())
def test_whatever_a_disk_refuses_is_one_line(
    number: int, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "fsync", refuse(number))
    path = tmp_path / "run" / "settings.json"
    assert run_command(lambda _: write_atomically(path, "x") or 0, []) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert str(path) in line and os.strerror(number) in line and len(line) <= 300
    assert list(path.parent.iterdir()) == []


def test_files_that_others_write_are_one_line_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert run_command(lambda _: (tmp_path / "file" / "page.html").mkdir() or 0, []) == 2
    assert f"{tmp_path}/file/page.html cannot be written (Not a directory)" in capsys.readouterr().err
    with pytest.raises(FileNotFoundError):
        run_command(lambda _: (tmp_path / "none").stat().st_size, [])


def test_a_lock_that_cannot_be_signed_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pwrite", refuse(errno.ENOSPC))
    with pytest.raises(DiskError, match=r"run\.lock cannot be written"):
        ownership.acquire(tmp_path / "run.lock")
    with pytest.raises(DiskError):
        Ledger.create(tmp_path / "ledger.jsonl", {})
    assert list(tmp_path.iterdir()) == []


def test_an_event_that_finds_no_room_leaves_the_record_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger.create(tmp_path / "ledger.jsonl", {}) as ledger:
        whole = ledger.path.read_bytes()
        with monkeypatch.context() as patched, pytest.raises(DiskError, match="--resume"):
            patched.setattr(os, "write", refuse(errno.ENOSPC))
            ledger.append({"event": "stopped", "reason": "x"})
        assert ledger.path.read_bytes() == whole
        ledger.append({"event": "stopped", "reason": "x"})


def test_a_folder_where_no_run_can_begin_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_can_begin(run_layout("x"))
    assert list(tmp_path.iterdir()) == []
    with monkeypatch.context() as patched, pytest.raises(DiskError, match=r"runs/x cannot be written \(No space"):
        patched.setattr(Path, "write_bytes", refuse(errno.ENOSPC))
        check_can_begin(run_layout("x"))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "runs").touch()
    with pytest.raises(DiskError, match="a part of the path is a file") as caught:
        check_can_begin(run_layout("x"))
    assert caught.value.is_input and [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_a_disk_is_found_behind_what_ray_says_of_it() -> None:
    text = RuntimeError("Traceback ...\nOSError: [Errno 28] No space left on device: '/runs/x/ray/state.json'")
    found = disk_error_within(text)
    assert found is not None and found.errno == errno.ENOSPC
    try:
        with writing(Path("settings.json")):
            raise OSError(errno.ENOSPC, "No space left on device")
    except DiskError as error:
        wrapped = RuntimeError("search failed")
        wrapped.__cause__ = error
        assert disk_error_within(wrapped) is error
    assert disk_error_within(RuntimeError("something else")) is None
    assert disk_error(OSError(errno.ENOENT, "No such file")) is None
