"""Tricks that meet in one trial: it goes on from a checkpoint as if undisturbed, and predicts afterwards as it did."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from tiny_detector import POST
from tiny_detectors import tiny

from results.boxes import read_detections, truth_from_coco
from results.layout import TrialLayout
from trainables.data.dataset import load_dataset
from trainables.jobs import Finished, Rung, Started, TrialJob
from trainables.predict import image_files
from trainables.trained import load_trial
from trainables.trial import run_trial
from trainables.weights import read_weights

pytestmark = pytest.mark.training
VIEW = {"scale": "96x72", "flip": False, "score_floor": 0.001, "max_raw_per_image": 100}
SWEPT = {**VIEW, "iou_power": 0.5, "average": "last2"}
TRICKS = {"iou_branch": True, "ema": 0.2, "class_balance": 0.9, "class_balance_by": "rule", "copy_paste": 1.0}


@dataclass(frozen=True)
class Outcome:
    layout: TrialLayout
    finished: Finished
    scores: list[tuple[int, float | None]]


class Lost(BaseException):
    """What a lost worker looks like from inside."""


def job_in(folder: Path, dataset: Path) -> TrialJob:
    params = tiny("fcos", epochs=3, **TRICKS)
    return TrialJob(0, "fcos", params, (SWEPT,), POST, (1, 2, 3), str(dataset), "coco50", 5, str(folder), accumulate=2)


def run(job: TrialJob) -> Outcome:
    reports: list[Started | Rung] = []
    finished = run_trial(job, reports.append)
    scores = [(one.epoch, one.score) for one in reports if isinstance(one, Rung)]
    return Outcome(TrialLayout(Path(job.folder)), finished, scores)


@pytest.fixture(scope="module")
def trained(tiny_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run(job_in(tmp_path_factory.mktemp("together") / "0", tiny_dataset))


def test_a_trial_goes_on_from_its_checkpoint_as_if_undisturbed(
    trained: Outcome, tiny_dataset: Path, tmp_path: Path
) -> None:
    job = job_in(tmp_path / "0", tiny_dataset)

    def lose(event: Started | Rung) -> None:
        if isinstance(event, Rung) and event.epoch == 2:
            raise Lost

    with pytest.raises(Lost):
        run_trial(job, lose)
    again = run(replace(job, start_epoch=2))
    assert again.scores == trained.scores[1:]
    assert again.finished.score == trained.finished.score
    kept, undisturbed = (read_weights(one.layout.weights) for one in (again, trained))
    assert all(torch.equal(tensor, kept[name]) for name, tensor in undisturbed.items())


def test_it_predicts_afterwards_as_it_did(trained: Outcome, tiny_dataset: Path) -> None:
    dataset = load_dataset(tiny_dataset)
    images = image_files(truth_from_coco(dataset.val.annotations).images, dataset.val.images)
    trial = load_trial(trained.layout)
    written, _ = read_detections(trained.layout.detections)
    again = trial.predict(images)
    assert len(written) > 0 and trial.view.iou_power == 0.5
    assert again.boxes_xywh == pytest.approx(written.boxes_xywh, abs=1e-3)
    assert again.scores == pytest.approx(written.scores, abs=1e-5)
    plain = replace(trial, view=replace(trial.view, iou_power=0.0)).predict(images)
    assert len(plain) != len(again) or plain.scores != pytest.approx(again.scores, abs=1e-3)
