"""A trial that goes on from its checkpoint ends as if nothing had happened, to the last bit."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from tiny_detector import POST, TINY_DETECTOR
from tiny_detectors import tiny

from results.errors import DamagedFileError, InputError
from results.layout import TrialLayout
from trainables.jobs import Finished, Rung, Started, TrialJob
from trainables.trial import run_trial
from trainables.weights import read_weights

pytestmark = pytest.mark.training
PARAMS = {**TINY_DETECTOR, "epochs": 3, "warmup_iters": 4, "gradient_clip": 10.0}
VIEW = {"scale": "96x72", "flip": False, "score_floor": 0.001, "max_raw_per_image": 100}


@dataclass(frozen=True)
class Outcome:
    reports: list[Started | Rung]
    finished: Finished
    weights: dict[str, torch.Tensor]

    def scores(self) -> list[tuple[int, float | None]]:
        return [(one.epoch, one.score) for one in self.reports if isinstance(one, Rung)]


class Lost(BaseException):
    """What a lost worker looks like from inside: nothing more is reported."""


def job_in(folder: Path, dataset: Path, **changes: object) -> TrialJob:
    job = TrialJob(0, "cascade_rcnn", PARAMS, (VIEW,), POST, (1, 2, 3), str(dataset), "coco50", 5, str(folder))
    return replace(job, **changes)


def run(job: TrialJob) -> Outcome:
    reports: list[Started | Rung] = []
    finished = run_trial(job, reports.append)
    return Outcome(reports, finished, read_weights(TrialLayout(Path(job.folder)).weights))


def lose_at(job: TrialJob, epoch: int) -> TrialLayout:
    """Runs the job until it reports the rung of an epoch."""

    def report(event: Started | Rung) -> None:
        if isinstance(event, Rung) and event.epoch == epoch:
            raise Lost

    with pytest.raises(Lost):
        run_trial(job, report)
    return TrialLayout(Path(job.folder))


def equal(first: Outcome, second: Outcome) -> bool:
    same = all(torch.equal(tensor, second.weights[name]) for name, tensor in first.weights.items())
    return same and first.finished.score == second.finished.score


@pytest.fixture(scope="module")
def undisturbed(tiny_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run(job_in(tmp_path_factory.mktemp("undisturbed") / "0", tiny_dataset))


@pytest.fixture
def job(tiny_dataset: Path, tmp_path: Path) -> TrialJob:
    return job_in(tmp_path / "0", tiny_dataset)


@pytest.fixture(scope="module")
def lost_at_two(tiny_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lose_at(job_in(tmp_path_factory.mktemp("lost") / "0", tiny_dataset), 2).folder


@pytest.fixture
def lost(job: TrialJob, lost_at_two: Path) -> TrialLayout:
    """The job's folder, as a worker left it that was lost in the third epoch."""
    return TrialLayout(Path(shutil.copytree(lost_at_two, job.folder)))


@pytest.mark.usefixtures("lost")
def test_the_result_is_the_undisturbed_one(job: TrialJob, undisturbed: Outcome) -> None:
    again = run(replace(job, start_epoch=2))
    assert again.reports[0] == Started(undisturbed.reports[0].config_hash, 2)
    assert again.scores() == undisturbed.scores()[1:]
    assert equal(again, undisturbed)


def test_it_is_after_two_losses_too(job: TrialJob, undisturbed: Outcome) -> None:
    lose_at(job, 1)
    lose_at(replace(job, start_epoch=1), 2)
    assert equal(run(replace(job, start_epoch=2)), undisturbed)


@pytest.mark.parametrize("detector", ["deformable_detr"])
def test_it_is_for_detectors_that_draw_in_every_step(job: TrialJob, tmp_path: Path, detector: str) -> None:
    own = {**tiny(detector, dropout=0.2), "epochs": 2, "batch_size": 4, "train_scale": "96x72"}
    job = replace(job, detector=detector, params=own, rungs=(1, 2))
    whole = run(replace(job, folder=str(tmp_path / "whole")))
    lose_at(job, 1)
    assert equal(run(replace(job, start_epoch=1)), whole)


def test_it_is_where_a_moving_average_predicts(job: TrialJob, tmp_path: Path, undisturbed: Outcome) -> None:
    job = replace(job, params={**PARAMS, "ema": 0.2})
    whole = run(replace(job, folder=str(tmp_path / "whole")))
    lose_at(job, 1)
    lose_at(replace(job, start_epoch=1), 3)
    again = run(replace(job, start_epoch=3))
    assert equal(again, whole)
    assert not equal(again, undisturbed)


@pytest.mark.slow
def test_it_is_with_loader_processes_too(job: TrialJob) -> None:
    job = replace(job, loader_workers=2)
    whole = run(job)
    lose_at(job, 1)
    assert equal(run(replace(job, start_epoch=1)), whole)


@pytest.mark.slow
def test_a_worker_killed_in_mid_epoch_costs_nothing_but_the_epoch(job: TrialJob, undisturbed: Outcome) -> None:
    note = TrialLayout(Path(job.folder)).checkpoint_note
    process = subprocess.Popen([sys.executable, "-c", ONE_TRIAL], stdin=subprocess.PIPE, text=True)
    assert process.stdin is not None
    process.stdin.write(json.dumps(job.to_dict()))
    process.stdin.close()
    while process.poll() is None and not note.exists():
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    epoch = json.loads(note.read_text())["epoch"]
    assert equal(run(replace(job, start_epoch=epoch)), undisturbed)


ONE_TRIAL = """
import json, sys
from trainables.jobs import TrialJob
from trainables.trial import run_trial
run_trial(TrialJob.from_dict(json.load(sys.stdin)), lambda event: None)
"""


def test_a_rung_whose_score_was_not_known_is_judged_from_the_checkpoint(
    job: TrialJob, lost: TrialLayout, undisturbed: Outcome
) -> None:
    lost.checkpoint_note.write_text('{"epoch": 2, "score": null}')
    again = run(replace(job, start_epoch=2))
    assert again.scores() == undisturbed.scores()[1:]
    assert equal(again, undisturbed)


def test_the_checkpoints_own_epoch_holds_where_the_note_is_older(
    job: TrialJob, lost: TrialLayout, undisturbed: Outcome
) -> None:
    lost.checkpoint_note.write_text('{"epoch": 1, "score": 0.5}')
    again = run(replace(job, start_epoch=1))
    assert again.reports[0].epoch == 2
    assert again.scores() == undisturbed.scores()[1:]


def test_a_worker_lost_in_the_final_sweep_retrains_nothing(
    tiny_dataset: Path, tmp_path: Path, undisturbed: Outcome
) -> None:
    copy = shutil.copytree(tiny_dataset.parent, tmp_path / "data")
    job = job_in(tmp_path / "0", copy / tiny_dataset.name)
    lose_at(job, 3)
    for image in json.loads((copy / "train.json").read_text())["images"]:
        (copy / "images" / image["file_name"]).write_bytes(b"no picture: whoever trains on it fails")
    again = run(replace(job, start_epoch=3))
    assert again.scores() == undisturbed.scores()[2:]
    assert equal(again, undisturbed)


def test_rungs_do_not_change_what_is_trained(job: TrialJob, undisturbed: Outcome) -> None:
    assert equal(run(replace(job, rungs=(3,))), undisturbed)


def test_one_seed_gives_one_result_and_another_seed_another(job: TrialJob, undisturbed: Outcome) -> None:
    assert equal(run(job), undisturbed)
    other = run(replace(job, seed=6))
    assert not any(torch.equal(other.weights[name], undisturbed.weights[name]) for name in conv_names(undisturbed))


def conv_names(outcome: Outcome) -> list[str]:
    return [name for name in outcome.weights if name.endswith("conv1.weight")]


def test_a_planted_pickle_in_a_checkpoint_does_not_run(job: TrialJob, lost: TrialLayout, tmp_path: Path) -> None:
    torch.save({"epoch": 2, "elapsed_s": 0.0, "model": Planted(tmp_path / "ran")}, lost.checkpoint)
    with pytest.raises(InputError, match="nothing that runs"):
        run_trial(replace(job, start_epoch=2), lambda event: None)
    assert not (tmp_path / "ran").exists()


class Planted:
    """A pickle that would leave a folder behind if it ran."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.target),)


def test_time_of_all_attempts_counts(job: TrialJob, lost: TrialLayout) -> None:
    content = torch.load(lost.checkpoint, weights_only=True)
    torch.save({**content, "elapsed_s": 3600.0}, lost.checkpoint)
    with pytest.raises(TimeoutError, match=r"at most 1 hours"):
        run_trial(replace(job, start_epoch=2, time_limit_s=3600.0), lambda event: None)


def test_a_checkpoint_that_is_no_checkpoint_is_refused(job: TrialJob, lost: TrialLayout) -> None:
    torch.save({"weights": 1}, lost.checkpoint)
    with pytest.raises(DamagedFileError, match="delete it to train anew"):
        run_trial(replace(job, start_epoch=2), lambda event: None)
