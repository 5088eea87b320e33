"""A worker that hangs where no Python runs is ended, and says where it stood."""

import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.watchdog import ended_if_hung, traces_of_hung
from results.layout import TrialLayout

HANGING = """
import ctypes, sys
from orchestrator import watchdog
watchdog._MARGIN_S = 0.2
with watchdog.ended_if_hung({"folder": sys.argv[1], "time_limit_s": 0.1}):
    ctypes.PyDLL(None).sleep(600)  # keeps Python's lock
"""


def test_a_worker_that_hangs_outside_python_is_ended_and_says_where(tmp_path: Path) -> None:
    folder = tmp_path / "trials" / "0003"
    command = (sys.executable, "-c", HANGING, str(folder))
    ended = subprocess.run(command, check=False, cwd=Path(__file__).parents[2], timeout=300)
    assert ended.returncode == 1
    assert "Timeout" in traces_of_hung(TrialLayout(folder))


@pytest.mark.parametrize("limit_s", [None, 3600.0])
def test_a_trial_within_its_time_leaves_nothing(tmp_path: Path, limit_s: float | None) -> None:
    folder = tmp_path / "trials" / "0003"
    with ended_if_hung({"folder": str(folder), "time_limit_s": limit_s}):
        pass
    assert traces_of_hung(TrialLayout(folder)) == ""
    assert not TrialLayout(folder).hung.exists()
