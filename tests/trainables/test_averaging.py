"""Trials that predict with averaged weights."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_detector import TINY_DETECTOR
from torch.nn.modules.batchnorm import _BatchNorm

from results.boxes import truth_from_coco
from results.layout import TrialLayout
from trainables.averaging import Averaged
from trainables.data.dataset import load_dataset
from trainables.effective import TrainingData, effective_config
from trainables.epoch_weights import EpochWeights
from trainables.jobs import Rung, Started, TrialJob
from trainables.predict import View, image_files, predict_raw
from trainables.trained_on import read_trained_on
from trainables.training import untrained
from trainables.trial import run_trial
from trainables.weights import read_weights, save_weights

pytestmark = pytest.mark.training
IDS = tuple(range(1, 11))
CHANCES = {"crop": "min_iou", "copy_paste": 0.5, "rotate_deg": 10.0}


class Lost(BaseException):
    """What a lost worker looks like from inside."""


@pytest.fixture
def job(tiny_job: TrialJob) -> TrialJob:
    view = {**tiny_job.views[0], "average": "last2"}
    return replace(tiny_job, views=(view,), params={**tiny_job.params, **CHANCES, "epochs": 2}, rungs=(1, 2))


def weights_of(job: TrialJob) -> dict[str, torch.Tensor]:
    return read_weights(TrialLayout(Path(job.folder)).weights)


def lose_after_first_rung(event: Started | Rung) -> None:
    if isinstance(event, Rung):
        raise Lost


def test_a_trial_keeps_the_weights_that_it_predicted_with_and_no_others(job: TrialJob, tmp_path: Path) -> None:
    plain = replace(job, views=({**job.views[0], "average": "none"},), folder=str(tmp_path / "plain"))
    run_trial(plain, lambda event: None)
    finished = run_trial(job, lambda event: None)
    averaged, last = weights_of(job), weights_of(plain)
    assert finished.summary["view"]["average"] == "last2"  # type: ignore[index]
    assert not any(torch.equal(averaged[name], last[name]) for name in averaged if name.endswith("conv1.weight"))
    assert list(Path(job.folder).glob("epoch_*")) == []


def test_one_that_was_lost_on_the_way_averages_the_same(job: TrialJob, tmp_path: Path) -> None:
    with pytest.raises(Lost):
        run_trial(job, lose_after_first_rung)
    seen = read_trained_on(TrialLayout(Path(job.folder)).epoch_weights(1))
    train = load_dataset(Path(job.dataset)).train
    assert seen is not None  # such a file is refused as a start where it has seen val
    assert set(seen.images.file_names) == set(truth_from_coco(train.annotations).images.file_name)
    run_trial(replace(job, start_epoch=1), lambda event: None)
    undisturbed = replace(job, folder=str(tmp_path / "undisturbed"))
    run_trial(undisturbed, lambda event: None)
    assert all(torch.equal(tensor, weights_of(undisturbed)[name]) for name, tensor in weights_of(job).items())


def averaged_model(dataset: Path, folder: Path, shift: float) -> tuple[torch.nn.Module, torch.nn.Module]:
    """A model and, in the average of its weights with ones shifted by `shift`, the same."""
    found = load_dataset(dataset)
    data = TrainingData(str(found.train.annotations), str(found.train.images), IDS, tuple(map(str, IDS)))
    config = effective_config("cascade_rcnn", TINY_DETECTOR, data, seed=3)
    model, other = untrained(config), untrained(config)
    for epoch, moved in ((1, shift), (2, 0.0)):
        with torch.no_grad():
            for parameter in other.parameters():
                parameter.add_(moved)
        save_weights(other, TrialLayout(folder).epoch_weights(epoch))
        other.load_state_dict(model.state_dict())
    Averaged(other, EpochWeights(TrialLayout(folder), ["last2"]), config).wear("last2")
    return model, other


def test_an_average_of_identical_checkpoints_predicts_the_same(tiny_dataset: Path, tmp_path: Path) -> None:
    model, averaged = averaged_model(tiny_dataset, tmp_path, 0.0)
    found = load_dataset(tiny_dataset)
    images = image_files(truth_from_coco(found.val.annotations).images, found.val.images)[:2]
    first, second = (predict_raw(one, images, View("96x72"), IDS) for one in (model, averaged))
    assert len(first) > 0
    assert (first.boxes_xywh == second.boxes_xywh).all()
    assert (first.scores == second.scores).all()


def test_statistics_that_were_trained_are_those_of_the_averaged_weights(tiny_dataset: Path, tmp_path: Path) -> None:
    model, averaged = averaged_model(tiny_dataset, tmp_path, 1e-3)
    norms = [one for one in averaged.modules() if isinstance(one, _BatchNorm)]
    assert all(int(one.num_batches_tracked) == 3 and one.momentum == 0.1 for one in norms)  # 12 images in fours
    assert not averaged.training
    assert not torch.equal(model.backbone.bn1.running_mean, averaged.backbone.bn1.running_mean)
