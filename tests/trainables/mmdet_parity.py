"""Whether a detector's raw detections, after its own NMS, are what mmdet predicts; tests import it by its bare name."""

from typing import Any

import torch
from mmcv.ops import batched_nms
from mmcv.transforms import Compose
from mmengine.config import Config

from trainables.detectors.pipelines import test_pipeline as pipeline_at
from trainables.predict import ImageFile, View, predict_raw


def spread(model: torch.nn.Module) -> torch.nn.Module:
    """Untrained scores are all but equal, and equal ones have no order: weights are shaken."""
    torch.manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.05)
    return model


def settings_of(model: Any) -> Any:
    """The detector's own threshold, NMS and cap."""
    return model.roi_head.test_cfg if hasattr(model, "roi_head") else model.bbox_head.test_cfg


def mmdets_own(model: Any, image: ImageFile, scale: str) -> Any:
    packed = Compose(pipeline_at(scale))({"img_path": str(image.path), "img_id": image.image_id})
    with torch.inference_mode():
        return model.test_step({"inputs": [packed["inputs"]], "data_samples": [packed["data_samples"]]})[0]


def agree(model: Any, image: ImageFile, view: View) -> None:
    """Every sure row of mmdet's is one of ours after the same NMS, and ours are no more."""
    settings, floor = settings_of(model), view.score_floor
    found = mmdets_own(model, image, view.scale).pred_instances
    boxes, scores, labels = suppressed(predict_raw(model, [image], view, range(100)), settings)
    sure = found.scores >= floor
    assert sure.sum() > 10
    # Equal scores have no order, so each row is looked for.
    near = (boxes[None] - found.bboxes[sure][:, None]).abs().amax(-1) <= 1e-3
    near &= (scores[None] - found.scores[sure][:, None]).abs() <= 1e-5
    near &= labels[None] == found.labels[sure][:, None]
    assert near.any(1).all()
    assert (scores > found.scores[sure].min()).sum() <= len(found)


def suppressed(raw: Any, settings: Config) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Boxes, scores and labels after a configuration's NMS, which set prediction does not have."""
    boxes, scores = torch.tensor(raw.boxes_xywh).float(), torch.tensor(raw.scores).float()
    labels = torch.tensor(raw.category_id)
    boxes[:, 2:] += boxes[:, :2]
    if "nms" not in settings:
        return boxes, scores, labels
    rows, kept = batched_nms(boxes, scores, labels, settings.nms)
    return rows[:, :4], rows[:, 4], labels[kept]
