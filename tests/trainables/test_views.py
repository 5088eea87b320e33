"""Views that show an image more than once: every showing's boxes come back to their place in the image."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from tiny_detector import TINY_DETECTOR

from results.boxes import Detections, truth_from_coco
from trainables.data.dataset import load_dataset
from trainables.effective import TrainingData, effective_config
from trainables.jobs import TrialJob
from trainables.predict import ImageFile, View, image_files, predict_raw
from trainables.shots import AS_IT_IS, HORIZONTAL, VERTICAL, Shot, load_pixels, shots
from trainables.training import register_mmdet, untrained
from trainables.trial import run_trial

pytestmark = pytest.mark.training
IDS = tuple(range(1, 11))
EVERYTHING = {"score_floor": 0.0, "max_raw_per_image": 100_000}
DEFECT = torch.tensor([[[70.0, 30.0, 78.0, 42.0]]])  # xyxy, and how it is drawn


@pytest.fixture(scope="module")
def model(tiny_dataset: Path) -> torch.nn.Module:
    data = TrainingData("train.json", "images", IDS, tuple(map(str, IDS)))
    return untrained(effective_config("cascade_rcnn", TINY_DETECTOR, data, seed=3))


@pytest.fixture
def image(tiny_dataset: Path) -> ImageFile:
    dataset = load_dataset(tiny_dataset)
    return image_files(truth_from_coco(dataset.val.annotations).images, dataset.val.images)[0]


def drawn(tiles: str) -> list[Shot]:
    register_mmdet()
    pixels = np.zeros((96, 128, 3), np.uint8)
    pixels[30:42, 70:78] = 255
    return list(shots(pixels, ImageFile(1, Path("drawn.png")), "64x48", tiles))


def where_it_is_seen(shot: Shot, direction: str) -> torch.Tensor:
    """The defect's box in pixels of the mirrored part; NaN where it is not in it."""
    rows, columns = torch.nonzero(shot.pixels(direction)[0] > 127, as_tuple=True)
    if not len(rows):
        return torch.full((1, 1, 4), float("nan"))
    corners = [float(value) for value in (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)]
    return torch.tensor([[corners]]) / shot.packed["data_samples"].scale_factor[0]


@pytest.mark.parametrize("direction", [AS_IT_IS, HORIZONTAL, VERTICAL])
def test_a_box_comes_back_from_every_tile_that_does_not_cut_it(direction: str) -> None:
    found = [
        shot.in_image(where_it_is_seen(shot, direction), torch.ones(1, 1), direction) for shot in drawn("64x48/.4")
    ]
    uncut = [boxes for boxes, scores in found if scores.item() == 1 and not boxes.isnan().any()]
    assert len(uncut) >= 2
    assert all(torch.allclose(boxes, DEFECT, atol=1.0) for boxes in uncut)


def test_a_box_that_a_cut_has_ended_is_dropped() -> None:
    _, *tiles = drawn("72x48/0.2")
    seen = [where_it_is_seen(shot, AS_IT_IS) for shot in tiles]
    scores = [shot.in_image(box, torch.ones(1, 1), AS_IT_IS)[1].item() for shot, box in zip(tiles, seen, strict=True)]
    assert {one for one, box in zip(scores, seen, strict=True) if box[0, 0, 2] == 72} == {-1.0}


def rows(model: torch.nn.Module, image: ImageFile, view: View) -> set[tuple[float, ...]]:
    found: Detections = predict_raw(model, [image], view, IDS)
    return {tuple(np.round([*box, score], 4)) for box, score in zip(found.boxes_xywh, found.scores, strict=True)}


def test_several_scales_give_the_rows_of_each(model: torch.nn.Module, image: ImageFile) -> None:
    both = rows(model, image, View("96x72|128x96", **EVERYTHING))
    assert both == rows(model, image, View("96x72", **EVERYTHING)) | rows(model, image, View("128x96", **EVERYTHING))


def test_mirrorings_are_shown_one_by_one(model: torch.nn.Module, image: ImageFile) -> None:
    one_way = rows(model, image, View("96x72", flip=True, **EVERYTHING))
    other_way = rows(model, image, View("96x72", flip_vertical=True, **EVERYTHING))
    both = rows(model, image, View("96x72", flip=True, flip_vertical=True, **EVERYTHING))
    assert both == one_way | other_way
    assert one_way != other_way


def test_tiles_add_boxes_inside_the_image(model: torch.nn.Module, image: ImageFile) -> None:
    whole = predict_raw(model, [image], View("96x72", **EVERYTHING), IDS)
    tiled = predict_raw(model, [image], View("96x72", tiles="160x120/0.25", **EVERYTHING), IDS)
    assert len(tiled) > len(whole)
    assert (tiled.boxes_xywh[:, :2] >= 0).all()
    assert (tiled.boxes_xywh[:, 0] + tiled.boxes_xywh[:, 2]).max() <= 320 + 1e-3


def test_grey_and_deep_images_have_three_channels_of_eight_bits(tmp_path: Path) -> None:
    for name, kind in (("grey.png", np.uint8), ("deep.png", np.uint16)):
        cv2.imwrite(str(tmp_path / name), np.full((4, 6), np.iinfo(kind).max, kind))
        pixels = load_pixels(ImageFile(1, tmp_path / name))
        assert (pixels.shape, pixels.dtype, pixels.max()) == ((4, 6, 3), np.uint8, 255)


def test_a_trial_says_in_which_view_it_was_best(tiny_job: TrialJob) -> None:
    view = {**tiny_job.views[0], "scale": "96x72|64x48", "flip_vertical": True}
    job = TrialJob.from_dict({**tiny_job.to_dict(), "views": (view,), "params": {**tiny_job.params, "epochs": 0}})
    finished = run_trial(job, lambda event: None)
    assert finished.summary["view"] == {"scale": "96x72|64x48", "flip": False, "flip_vertical": True}
