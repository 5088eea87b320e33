"""Solving beside a GPU that Ray only believes in: training and solving overlap, and the scores stay."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import trial_beside_solver

from orchestrator.slots import slots_on
from orchestrator.tune import bundles
from orchestrator.worker import end_of_trial


def test_a_trial_with_a_gpu_gets_a_core_for_solving_where_there_is_one() -> None:
    assert bundles(slots_on(8, 2, None)) == [{"CPU": 3, "GPU": 1}, {"CPU": 1}]
    assert bundles(slots_on(2, 2, None)) == [{"CPU": 1, "GPU": 1}]
    assert bundles(slots_on(4, 0, None)) == [{"CPU": 1}]


@pytest.mark.training
def test_training_goes_on_while_a_rung_is_solved_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    there = reported_by(trial_beside_solver.__file__, tmp_path / "there")
    reports: list[dict[str, Any]] = []
    reports.append(end_of_trial(trial_beside_solver.job_in(tmp_path / "here"), reports.append))
    assert scores(there) == scores(reports)
    assert [epoch for epoch, _ in scores(there)] == [1, 2, 3, None]
    held = [one["peak_gib"] for one in reports if one["phase"] == "rung"]
    assert held == [None] * 3 or 0.1 < held[0] <= held[1] <= held[2] <= reports[-1]["summary"][0]["peak_gib"]


def reported_by(script: str, folder: Path) -> list[dict[str, Any]]:
    # What importing `orchestrator` set in this process must be set again by the script itself.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "TUNE_"))}
    done = subprocess.run([sys.executable, script, folder], env=inherited, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    reports: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return reports


def scores(reports: Sequence[Mapping[str, Any]]) -> list[tuple[int | None, float | None]]:
    return [(one.get("epoch"), one["score"]) for one in reports if one["phase"] in ("rung", "finished")]
