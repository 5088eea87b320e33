import os
import stat
import tempfile
from pathlib import Path

import pytest

from results.account import settle_account


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LOGNAME", "somebody")
    return tmp_path


def test_a_home_that_can_be_written_is_left_alone(temporary: Path) -> None:
    assert settle_account() is None
    assert os.environ["HOME"] == str(temporary)


@pytest.mark.parametrize("home", [None, "", "/nonexistent", "/etc/hostname"])
def test_without_a_home_there_is_a_private_one(temporary: Path, monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    monkeypatch.delenv("HOME") if home is None else monkeypatch.setenv("HOME", home)
    notice = str(settle_account())
    made = temporary / f"detection-search-{os.getuid()}"
    assert (os.environ["HOME"], stat.S_IMODE(made.stat().st_mode)) == (str(made), 0o700)
    assert notice.endswith(f"caches and Ray's token are in {made}")
    assert notice.startswith("HOME (" if home else "HOME is not set")


def test_a_folder_that_others_may_read_is_no_home(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    theirs = temporary / f"detection-search-{os.getuid()}"
    theirs.mkdir(mode=0o755)
    settle_account()
    assert os.environ["HOME"] != str(theirs)
    assert stat.S_IMODE(Path(os.environ["HOME"]).stat().st_mode) == 0o700


def test_a_user_without_a_name_gets_a_number(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", nobody)
    settle_account()
    assert os.environ["LOGNAME"] == str(os.getuid())
