from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.checkpoints import checkpoint_epoch
from results.layout import TrialLayout
from trainables.catalogue import DETECTORS
from trainables.effective import trial_hash
from trainables.failures import NanLossError
from trainables.fake import WorkerKilled, peak_gib, run_trial, steps
from trainables.jobs import Finished, Rung, Started, TrialJob

MakeJob = Callable[..., TrialJob]
DEFAULTS = {name: parameter.default for name, parameter in DETECTORS["fake"].train.items()}


@pytest.fixture
def make_job(tmp_path: Path) -> MakeJob:
    def make(start_epoch: int = 0, **params: Any) -> TrialJob:
        own = {**DEFAULTS, "epochs": 4, "virtual": True, "epoch_s": 1000.0, **params}
        return TrialJob(0, "fake", own, ({},), {}, (2, 4), "", "coco50", 7, str(tmp_path), start_epoch=start_epoch)

    return make


def _reported(job: TrialJob) -> tuple[list[Started | Rung], Finished]:
    reports: list[Started | Rung] = []
    return reports, run_trial(job, reports.append)


def test_a_trial_writes_a_checkpoint_before_it_reports_a_rung(make_job: MakeJob, tmp_path: Path) -> None:
    layout = TrialLayout(tmp_path)
    notes = []
    run_trial(make_job(), lambda event: notes.append(checkpoint_epoch(layout)))
    assert notes == [0, 2, 4]


def test_a_trial_goes_on_from_its_checkpoint(make_job: MakeJob, tmp_path: Path) -> None:
    whole, end = _reported(make_job())
    left = _stopped_after_its_first_rung(make_job())
    again, end_again = _reported(make_job(start_epoch=2))
    assert left == whole[:2]
    assert again[0] == Started(trial_hash(make_job(), None), epoch=2)
    assert [(rung.epoch, rung.score) for rung in again[1:]] == [(rung.epoch, rung.score) for rung in whole[1:]]
    assert end_again == end


def test_a_checkpoint_that_nobody_heard_of_is_reported_first(make_job: MakeJob, tmp_path: Path) -> None:
    layout = TrialLayout(tmp_path)
    layout.checkpoint_note.write_text('{"epoch": 4, "score": 0.25}')
    reports, _ = _reported(make_job(start_epoch=2))
    assert reports == [Started(trial_hash(make_job(), None), epoch=4), Rung(4, 0.25)]


def test_a_lost_checkpoint_is_a_start_anew_and_said_to_be_one(make_job: MakeJob) -> None:
    reports, _ = _reported(make_job(start_epoch=2))
    assert reports[0] == Started(trial_hash(make_job(), None), epoch=0)
    assert [report.epoch for report in reports[1:]] == [2, 4]


def _stopped_after_its_first_rung(job: TrialJob) -> list[Started | Rung]:
    reports: list[Started | Rung] = []

    def report(event: Started | Rung) -> None:
        reports.append(event)
        if isinstance(event, Rung):
            raise SystemExit

    with pytest.raises(SystemExit):
        run_trial(job, report)
    return reports


def test_half_the_batch_needs_half_the_memory(make_job: MakeJob) -> None:
    job = make_job(memory_per_image_gib=4.0, batch_size=8, device_gib=20.0)
    with pytest.raises(MemoryError, match=r"32\.50 GiB needed, 20\.00 GiB there"):
        _reported(job)
    halved = replace(job, accumulate=2)
    assert peak_gib(halved) == 16.5
    assert _reported(halved)[1].summary["peak_gib"] == 16.5


def test_a_failure_may_wait_for_its_epoch_and_pass_after_some_attempts(make_job: MakeJob) -> None:
    job = make_job(failure="nan_loss", fail_epoch=3, failing_attempts=2)
    for _ in range(2):
        reports: list[Started | Rung] = []
        with pytest.raises(NanLossError):
            run_trial(job, reports.append)
        assert [type(report) for report in reports] == [Started, Rung]
    assert _reported(job)[1].score == pytest.approx(_reported(make_job())[1].score)


def test_a_worker_is_killed_on_paper_too(make_job: MakeJob) -> None:
    with pytest.raises(WorkerKilled):
        list(steps(make_job(failure="lost_worker")))


def test_a_trial_beyond_its_time_is_out_of_time(make_job: MakeJob) -> None:
    limited = replace(make_job(), time_limit_s=2500.0)
    with pytest.raises(TimeoutError, match="2500 s"):
        _reported(limited)
    assert _reported(replace(limited, time_limit_s=4000.0))[1].score is not None
