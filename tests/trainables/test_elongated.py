"""Images of one pixel after scaling: shown by training and prediction, in every augmentation and tiling."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_detector import TINY_DETECTOR

from results.boxes import truth_from_coco
from trainables.effective import TrainingData, effective_config
from trainables.failures import PipelineError, failure_kind
from trainables.image_faults import naming_image
from trainables.predict import ImageFile, View
from trainables.shots import load_pixels, shots
from trainables.training import register_mmdet
from trainables.training_set import TruthDataset

pytestmark = pytest.mark.training
SIZES = ((3000, 4), (4, 3000), (2000, 1), (1, 1), (900, 700))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One picture of each size, with one box over all of it."""
    folder = tmp_path_factory.mktemp("elongated")
    images, boxes = [], []
    for number, (width, height) in enumerate(SIZES):
        noise = np.random.default_rng(number).integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "width": width, "height": height})
        boxes.append({"id": number, "image_id": number, "category_id": 1, "bbox": [0, 0, width, height]})
    rows = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "crack"}]}
    (folder / "train.json").write_text(json.dumps(rows))
    register_mmdet()
    return folder


def dataset(folder: Path, **changes: object) -> TruthDataset:
    data = TrainingData(str(folder / "train.json"), str(folder), (1,), ("crack",))
    config = effective_config("cascade_rcnn", {**TINY_DETECTOR, "train_scale": "128x96", **changes}, data, seed=1)
    options = config["train_dataloader"]["dataset"]  # type: ignore[index]
    return TruthDataset(**{name: one for name, one in options.items() if name != "type"})


@pytest.mark.parametrize(
    "changes",
    [
        {"flip": "both"},
        {"train_scale": "128x96..160x120"},
        {"train_scale": "128x96|64x48"},
        {"rotate_deg": 10.0, "translate": 0.1, "photometric": True},
        {"crop": "random"},
        {"crop": "min_iou", "copy_paste": 1.0},
    ],
    ids=str,
)
def test_training_shows_them(folder: Path, changes: dict[str, object]) -> None:
    np.random.seed(0)
    learnt = dataset(folder, **changes)
    for _ in range(3):
        for index in range(len(SIZES)):
            sample = learnt[index]
            assert min(sample["inputs"].shape[1:]) >= 1


def test_boxes_shrink_with_their_image(folder: Path) -> None:
    sample = dataset(folder, flip="none")[0]["data_samples"]
    assert sample.img_shape == (1, 128)
    assert sample.gt_instances.bboxes.tensor.tolist() == [[0, 0, 128, 1]]


@pytest.mark.parametrize("tiles", ["none", "64x48"])
@pytest.mark.parametrize("scale", ["128x96", "128x96|64x48"])
def test_prediction_shows_them(folder: Path, scale: str, tiles: str) -> None:
    for number, (width, height) in enumerate(SIZES):
        shown = View(scale, tiles=tiles).shots_of(ImageFile(number, folder / f"{number}.png"))
        assert all(min(shot.packed["inputs"].shape[1:]) >= 1 for shot in shown)
        whole = shown[0].packed["data_samples"]
        assert whole.ori_shape == (height, width)
        assert whole.scale_factor[0] * width == pytest.approx(whole.img_shape[1])


def test_sizes_that_a_scale_leaves_more_of_are_as_before(folder: Path) -> None:
    (shot,) = View("128x96").shots_of(ImageFile(4, folder / "4.png"))
    assert shot.packed["data_samples"].img_shape == (96, 123)
    assert shot.packed["data_samples"].scale_factor == (123 / 900, 96 / 700)


def test_what_fails_in_a_pipeline_names_its_image(folder: Path) -> None:
    image = ImageFile(0, folder / "0.png")
    with pytest.raises(PipelineError, match=r"0\.png: \w+"):
        list(shots(load_pixels(image)[:, :0], image, "128x96", "none"))
    learnt = dataset(folder)
    learnt.pipeline = lambda _entry: 1 / 0
    with pytest.raises(PipelineError, match=r"4\.png: ZeroDivisionError"):
        learnt[len(SIZES) - 1]


def test_a_failure_keeps_its_kind(folder: Path) -> None:
    with pytest.raises(PipelineError) as caught, naming_image(folder / "0.png"):
        raise MemoryError
    assert failure_kind(caught.value) == "out of memory"
    assert len(truth_from_coco(folder / "train.json")) == len(SIZES)
