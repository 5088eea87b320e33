import os
import stat
from pathlib import Path

import pytest

from orchestrator.ray_token import keep_token_private, known_token, token_file


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.setenv(name, "")  # so that it is restored whatever the test sets
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o022, 0o000])
def test_a_new_token_is_its_owners_alone(home: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        assert keep_token_private() is None
    finally:
        os.umask(before)
    file = home / ".ray/auth_token"
    assert (_mode(file), _mode(file.parent)) == (0o600, 0o700)
    assert known_token(os.environ) == file.read_text()
    assert len(file.read_text()) == 64


def test_a_token_that_others_could_read_is_taken_from_them_aloud(home: Path) -> None:
    file = home / ".ray/auth_token"
    file.parent.mkdir()
    file.write_text("abc")
    file.chmod(0o644)
    assert "had mode 0644" in str(keep_token_private())
    assert (_mode(file), file.read_text()) == (0o600, "abc")
    assert keep_token_private() is None


def test_without_a_home_the_token_stays_in_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    assert str(keep_token_private()).startswith("HOME is not set")
    assert len(str(known_token(os.environ))) == 64
    assert keep_token_private() is None


def test_a_home_that_cannot_be_written_gets_no_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("HOME", str(home / "file"))
    assert "cannot be written" in str(keep_token_private())
    assert known_token(os.environ)


def test_what_the_user_names_is_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(home / "own"))
    assert token_file(os.environ) == home / "own"
    assert known_token(os.environ) is None
    monkeypatch.setenv("RAY_AUTH_TOKEN", "xyz")
    assert (token_file(os.environ), known_token(os.environ), keep_token_private()) == (None, "xyz", None)
