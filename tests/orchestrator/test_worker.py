import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tiny_search import fake_space
from trial_beside_solver import job_in

from orchestrator.jobs import Asked, JobFactory
from orchestrator.worker import end_of_trial
from results.layout import RunLayout, TrialLayout
from trainables.fake import fake_score


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return RunLayout(tmp_path).trial(0).folder


def _job(folder: Path, **params: object) -> dict[str, Any]:
    space = fake_space(folder.parents[1], search="{pruner: none, epochs: 3, report_every: 2}")
    point = {"x": 0.5, "epoch_s": 0.0, "epochs": 3, **params}
    return JobFactory(space, RunLayout(folder.parents[1]), Path("d.yaml"), "coco50", seed=0)(Asked(0, point))


def test_a_trial_reports_start_and_rungs_and_ends_with_its_score(folder: Path) -> None:
    reports: list[dict[str, Any]] = []
    end = end_of_trial(_job(folder), reports.append)
    assert [report["phase"] for report in reports] == ["started", "rung", "rung"]
    assert [report["epoch"] for report in reports[1:]] == [2, 3]
    assert [report["score"] for report in reports[1:]] == [fake_score(0.5, 2), fake_score(0.5, 3)]
    assert (end["phase"], end["score"]) == ("finished", fake_score(0.5, 3))
    assert {report["peak_gib"] for report in reports[1:]} == {0.5}
    assert end["summary"] == [{"model": "fake", "schedule": "3e", "train_s": 0.0, "peak_gib": 0.5}]
    assert TrialLayout(folder).manifest.exists()


@pytest.mark.parametrize(
    ("failure", "kind", "error"),
    [
        ("nan_loss", "NaN loss", "NanLossError"),
        ("out_of_memory", "out of memory", "MemoryError"),
        ("bad_configuration", "bad configuration", "BadConfigurationError"),
        ("corrupt_image", "corrupt image", "CorruptImageError"),
        ("full_disk", "full disk", "OSError"),
        ("time_out", "time-out", "TimeoutError"),
    ],
)
def test_a_failure_is_a_report_of_its_kind_with_a_traceback_on_disk(
    folder: Path, failure: str, kind: str, error: str
) -> None:
    reports: list[dict[str, Any]] = []
    end = end_of_trial(_job(folder, failure=failure), reports.append)
    assert (end["phase"], end["kind"]) == ("failed", kind)
    assert end["reason"].startswith(error)
    assert "\n" not in end["reason"]
    assert [report["phase"] for report in reports] == ["started"]
    log = TrialLayout(folder).log.read_text()
    assert "Traceback" in log
    assert error in log


def test_bad_parameters_are_a_report_too(folder: Path) -> None:
    end = end_of_trial(_job(folder, x="much"), lambda _: None)
    assert (end["phase"], end["kind"]) == ("failed", "error")
    assert "ValueError" in end["reason"]


def test_a_worker_that_cannot_run_the_detector_says_so(folder: Path) -> None:
    end = end_of_trial({"folder": str(folder), "detector": "fake"}, lambda _: None)
    assert (end["phase"], end["kind"]) == ("failed", "error")
    assert "missing" in end["reason"] or "views" in end["reason"]


def test_what_stops_a_trial_from_outside_passes_through(folder: Path) -> None:
    def stop(report: dict[str, Any]) -> None:
        if report["phase"] == "rung":
            raise SystemExit

    with pytest.raises(SystemExit):
        end_of_trial(_job(folder), stop)
    assert not TrialLayout(folder).log.exists()
    assert not TrialLayout(folder).manifest.exists()


def test_a_lost_worker_is_a_process_that_dies(folder: Path) -> None:
    script = "import json, sys; from orchestrator.worker import end_of_trial\n"
    script += "end_of_trial(json.load(sys.stdin), lambda report: None); print('alive')"
    import json

    text = json.dumps(_job(folder, failure="lost_worker"))
    done = subprocess.run([sys.executable, "-c", script], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (-9, "")


@pytest.mark.training
def test_a_failed_training_says_how_and_how_much_memory_it_held(tmp_path: Path) -> None:
    end = end_of_trial({**job_in(tmp_path), "dataset": str(tmp_path / "absent.yaml")}, lambda _: None)
    assert (end["phase"], end["kind"]) == ("failed", "bad configuration")
    assert "absent.yaml" in end["reason"]
    assert len(end["fingerprint"]) == 8
    assert end["peak_gib"] is None or 0.1 < end["peak_gib"] < 100
