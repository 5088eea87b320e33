"""Options that make more of training images: off they leave no trace, on they are built, and boxes stay in place."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmdet.structures.bbox import HorizontalBoxes
from PIL import Image
from tiny_detector import TINY_DETECTOR

from trainables.catalogue import DETECTORS
from trainables.data.dataset import load_dataset
from trainables.effective import TrainingData, config_hash, effective_config
from trainables.jobs import TrialJob
from trainables.modules.pasted_boxes import PastedBoxes
from trainables.training import register_mmdet
from trainables.training_set import TruthDataset
from trainables.trial import run_trial

pytestmark = pytest.mark.training
IDS = tuple(range(1, 11))
ON: dict[str, dict[str, object]] = {
    "MinIoURandomCrop": {"crop": "min_iou"},
    "RandomCrop": {"crop": "random"},
    "Rotate": {"rotate_deg": 10.0},
    "TranslateX": {"translate": 0.1},
    "PhotoMetricDistortion": {"photometric": True},
    "PastedBoxes": {"copy_paste": 1.0},
}
EVERYTHING = {"crop": "min_iou", "rotate_deg": 15.0, "translate": 0.1, "photometric": True, "copy_paste": 0.5}


def config(**changes: object) -> dict[str, Any]:
    defaults = {name: parameter.default for name, parameter in DETECTORS["cascade_rcnn"].train.items()}
    data = TrainingData("train.json", "images", (1, 2), ("dot", "dash"))
    return effective_config("cascade_rcnn", {**defaults, **changes}, data, seed=5)


def steps(found: dict[str, Any]) -> list[str]:
    return [one["type"].rpartition(".")[2] for one in found["train_dataloader"]["dataset"]["pipeline"]]


def test_switched_off_they_leave_the_configuration_as_it_was() -> None:
    assert config_hash(config()) == "96a2db081ef1bf47"  # before there were any


@pytest.mark.parametrize("step", ON)
def test_each_adds_its_transform(step: str) -> None:
    assert step not in steps(config())
    assert step in steps(config(**ON[step]))


def test_the_crop_by_overlap_sees_the_image_and_the_random_one_what_is_left_of_it() -> None:
    by_overlap, at_random = steps(config(crop="min_iou")), steps(config(crop="random"))
    assert by_overlap.index("MinIoURandomCrop") < by_overlap.index("Resize")
    assert at_random.index("RandomCrop") > at_random.index("RandomFlip")


@pytest.mark.parametrize(("scaling", "rate"), [("none", 0.02), ("linear", 0.0025), ("sqrt", 0.02 / 8**0.5)])
def test_the_learning_rate_follows_the_batch_where_it_is_told_to(scaling: str, rate: float) -> None:
    found = config(lr_scaling=scaling, batch_size=2)
    assert found["optim_wrapper"]["optimizer"]["lr"] == pytest.approx(rate)


Loaded = Callable[..., TruthDataset]


@pytest.fixture
def loaded(tiny_dataset: Path) -> Loaded:
    """The tiny training set with options."""

    def with_options(**changes: object) -> TruthDataset:
        register_mmdet()
        found = load_dataset(tiny_dataset)
        data = TrainingData(str(found.train.annotations), str(found.train.images), IDS, tuple(map(str, IDS)))
        options = effective_config("cascade_rcnn", {**TINY_DETECTOR, **changes}, data, seed=5)["train_dataloader"]
        return TruthDataset(**{name: one for name, one in options["dataset"].items() if name != "type"})  # type: ignore[index]

    return with_options


def test_boxes_stay_inside_whatever_is_done_to_an_image(loaded: Loaded) -> None:
    np.random.seed(0)
    dataset = loaded(**EVERYTHING)
    for _ in range(3):
        for index in range(len(dataset)):
            sample = dataset[index]["data_samples"]
            boxes, (height, width) = sample.gt_instances.bboxes.tensor, sample.img_shape
            assert len(boxes) == len(sample.gt_instances.labels) > 0
            assert (boxes[:, :2] >= 0).all() and (boxes[:, 2] <= width).all() and (boxes[:, 3] <= height).all()
            assert (boxes[:, 2:] - boxes[:, :2] >= 1).all()


def test_images_with_small_boxes_are_shown_more_often(loaded: Loaded) -> None:
    once, thrice = loaded(), loaded(oversample_small=3)

    def is_small(entry: dict[str, Any]) -> bool:
        sides = [np.subtract(one["bbox"][2:], one["bbox"][:2]) for one in entry["instances"]]
        return any(np.prod(side) < 32 * 32 for side in sides)

    small = sum(is_small(once.get_data_info(index)) for index in range(len(once)))
    assert small > 0
    assert len(thrice) == len(once) + 2 * small


def test_each_image_brings_another_one_along(loaded: Loaded) -> None:
    plain, pasted = loaded(), loaded(copy_paste=1.0)
    counts = [sum(len(one[index]["data_samples"].gt_instances) for index in range(len(one))) for one in (plain, pasted)]
    assert counts[1] > counts[0]


def canvas(folder: Path, boxes: list[list[float]]) -> dict[str, Any]:
    """A black image of 96x64 with boxes, and a donor that has a white square."""
    donor = np.zeros((64, 96, 3), np.uint8)
    donor[20:30, 40:50] = 255
    Image.fromarray(donor).save(folder / "donor.png")
    square = {"bbox": [40.0, 20.0, 50.0, 30.0], "bbox_label": 1, "ignore_flag": 0}
    return {
        "img": np.zeros((64, 96, 3), np.uint8),
        "gt_bboxes": HorizontalBoxes(np.array(boxes, dtype=np.float32).reshape(-1, 4)),
        "gt_bboxes_labels": np.zeros(len(boxes), np.int64),
        "gt_ignore_flags": np.zeros(len(boxes), bool),
        "donor": {"img_path": str(folder / "donor.png"), "instances": [square]},
    }


def test_a_pasted_box_lies_where_its_pixels_are_and_on_no_other(tmp_path: Path) -> None:
    np.random.seed(1)
    taken = [0.0, 0.0, 48.0, 64.0]
    found = PastedBoxes(1.0).transform(canvas(tmp_path, [taken]))
    x1, y1, x2, y2 = (int(value) for value in found["gt_bboxes"].numpy()[1])
    assert found["img"].sum() == found["img"][y1:y2, x1:x2].sum() == 255 * 300
    assert x1 >= taken[2]
    assert found["gt_bboxes_labels"].tolist() == [0, 1]
    assert found["gt_ignore_flags"].tolist() == [False, False]


@pytest.mark.parametrize("boxes", [[[0.0, 0.0, 96.0, 64.0]]])
def test_an_image_without_room_or_donor_stays_as_it_is(tmp_path: Path, boxes: list[list[float]]) -> None:
    full = canvas(tmp_path, boxes)
    alone = {name: value for name, value in copy.deepcopy(full).items() if name != "donor"}
    for given in (full, alone):
        found = PastedBoxes(1.0).transform(given)
        assert found["img"].sum() == 0
        assert len(found["gt_bboxes"]) == 1


def test_a_trial_trains_with_everything_switched_on(tiny_job: TrialJob) -> None:
    params = {**tiny_job.params, **EVERYTHING, "oversample_small": 2, "lr_scaling": "sqrt", "class_balance": 0.5}
    finished = run_trial(TrialJob.from_dict({**tiny_job.to_dict(), "params": params}), lambda event: None)
    assert finished.score is not None
