"""Raw detections: with the configuration's own NMS they are what mmdet itself predicts."""

from pathlib import Path

import pytest
import torch
from mmcv.ops import batched_nms
from mmcv.transforms import Compose
from tiny_detector import TINY_DETECTOR

from results.boxes import truth_from_coco
from trainables.catalogue import DETECTORS
from trainables.data.dataset import load_dataset
from trainables.detectors.pipelines import test_pipeline as pipeline_at
from trainables.effective import TrainingData, effective_config
from trainables.predict import ImageFile, View, image_files, predict_raw
from trainables.training import untrained

pytestmark = pytest.mark.training
IDS = tuple(range(1, 11))


@pytest.fixture(scope="module")
def model(tiny_dataset: Path) -> torch.nn.Module:
    data = TrainingData("train.json", "images", IDS, tuple(map(str, IDS)))
    return untrained(effective_config("cascade_rcnn", TINY_DETECTOR, data, seed=3))


@pytest.fixture
def images(tiny_dataset: Path) -> tuple[ImageFile, ...]:
    dataset = load_dataset(tiny_dataset)
    return image_files(truth_from_coco(dataset.val.annotations).images, dataset.val.images)


def mmdets_own(model: torch.nn.Module, image: ImageFile) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    packed = Compose(pipeline_at("96x72"))({"img_path": str(image.path), "img_id": image.image_id})
    with torch.inference_mode():
        result = model.test_step({"inputs": [packed["inputs"]], "data_samples": [packed["data_samples"]]})[0]
    found = result.pred_instances
    return found.bboxes, found.scores, found.labels


def test_raw_detections_with_the_configurations_nms_are_mmdets_prediction(
    model: torch.nn.Module, images: tuple[ImageFile, ...]
) -> None:
    model.roi_head.test_cfg.score_thr = 0.05
    boxes, scores, labels = mmdets_own(model, images[0])
    raw = predict_raw(model, images[:1], View("96x72", score_floor=0.05, max_raw_per_image=100_000), IDS)
    xyxy = torch.tensor(raw.boxes_xywh)
    xyxy[:, 2:] += xyxy[:, :2]
    labels_before = torch.tensor(raw.category_id) - 1
    nms = {"type": "nms", "iou_threshold": 0.5}
    own, kept = batched_nms(xyxy.float(), torch.tensor(raw.scores).float(), labels_before, nms)
    assert len(boxes) > 0
    assert torch.allclose(own[:100, :4], boxes, atol=1e-3)
    assert torch.allclose(own[:100, 4], scores, atol=1e-5)
    assert torch.equal(labels_before[kept[:100]], labels)


def test_floor_and_cap_are_kept(model: torch.nn.Module, images: tuple[ImageFile, ...]) -> None:
    raw = predict_raw(model, images, View("96x72", score_floor=0.02, max_raw_per_image=7), IDS)
    assert raw.scores.min() >= 0.02
    assert max((raw.image_id == image.image_id).sum() for image in images) == 7


def test_a_mirrored_view_adds_boxes_of_the_mirror_image_in_place(
    model: torch.nn.Module, images: tuple[ImageFile, ...]
) -> None:
    plain = predict_raw(model, images[:1], View("96x72", max_raw_per_image=100_000), IDS)
    both = predict_raw(model, images[:1], View("96x72", flip=True, max_raw_per_image=100_000), IDS)
    assert len(both) > len(plain)
    assert both.boxes_xywh[:, 0].min() >= -1e-3


def test_boxes_lie_inside_the_original_image(model: torch.nn.Module, images: tuple[ImageFile, ...]) -> None:
    raw = predict_raw(model, images[:1], View("96x72"), IDS)
    assert (raw.boxes_xywh[:, :2] >= 0).all()
    assert (raw.boxes_xywh[:, 0] + raw.boxes_xywh[:, 2]).max() <= 320 + 1e-3


def test_no_images_give_no_rows(model: torch.nn.Module) -> None:
    assert len(predict_raw(model, [], View("96x72"), IDS)) == 0


def test_view_fields_are_the_catalogues() -> None:
    assert set(DETECTORS["cascade_rcnn"].predict) == set(View("96x72").metadata())
