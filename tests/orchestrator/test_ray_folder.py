import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from orchestrator import ray_folder as module
from orchestrator.ray_folder import first_usable, fits_sockets, objects_notice, ray_folder
from results.errors import InputError


def test_a_folder_is_short_enough_to_the_byte() -> None:
    socket = "session_2026-12-01_01-58-19_166932_2178463/sockets/plasma_store_1"
    longest = 107 - len(socket) - 1
    assert fits_sockets(Path("/" + "x" * (longest - 1)))
    assert not fits_sockets(Path("/" + "x" * longest))
    assert not fits_sockets(Path("/" + "高" * (longest // 2)))


def test_the_first_folder_that_does_is_taken() -> None:
    folders = [Path(name) for name in ("/long", "/locked", "/good", "/better")]
    assert first_usable(folders, lambda one: one.name != "long", lambda one: one.name != "locked") == Path("/good")
    assert first_usable(folders, lambda _one: False, lambda _one: True) is None


def test_a_long_tmpdir_is_replaced_aloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("x" * 80)
    long.mkdir()
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    monkeypatch.setenv("TMPDIR", str(long))
    folder, notice = ray_folder()
    assert fits_sockets(folder)
    assert str(notice).startswith(f"{long}/ray is too long for a socket: Ray's files are in ")


def test_the_usual_folder_needs_no_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_TMPDIR", "/tmp")
    monkeypatch.setattr(module, "_can_write", lambda _folder: True)
    assert ray_folder() == (Path("/tmp/ray"), None)


def test_without_any_folder_the_remedy_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_can_write", lambda _folder: False)
    with pytest.raises(InputError, match="set RAY_TMPDIR"):
        ray_folder()


def test_small_shared_memory_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    small = SimpleNamespace(f_bavail=64, f_bsize=2**20)
    monkeypatch.setattr(os, "statvfs", lambda _path: small)
    assert objects_notice(64 * 2**20) is None
    assert "has 64 MiB free of 200 MiB" in str(objects_notice(200 * 2**20))
