"""What each family of detectors says of one image before any non-maximum suppression.

    two-stage       scores of every proposal for every class, the background's left out
    dense           every place of every level for every class (FCOS, RetinaNet, RTMDet ...)
    set prediction  every query for every class (Deformable DETR ...); there is no suppression to leave out

A detector's own limits before its NMS (score threshold, boxes of a level) are replaced by what the caller asks for; its
limits after the NMS, and the NMS, are the post tier's. Where images come from and which rows are kept is
`trainables.predict`'s.
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from mmdet.models.detectors import DetectionTransformer, SingleStageDetector, TwoStageDetector
from mmengine.config import ConfigDict
from torch import Tensor, nn

from results.errors import InputError
from trainables.modules.iou_aware_dense import IoUAware
from trainables.modules.iou_scores import POWER, joined, lowest_score

_ALL = 2**31
# mmdet keeps scores above its threshold, this project from it on: what lies between is decided by the caller.
_BELOW = 0.999


class Wanted(Protocol):
    """What is asked of a detector; a view is one."""

    @property
    def score_floor(self) -> float:
        """A lower score may be left out."""

    @property
    def iou_power(self) -> float:
        """How much predicted IoUs count in a score, read where a detector predicts them."""


@dataclass(frozen=True)
class RawRows:
    """Rows of one image, on the CPU, in no order.

    Attributes:
        boxes_xyxy: (N, 4), original pixels, float32.
        scores: (N,), float32.
        labels: (N,), int64.
    """

    boxes_xyxy: Tensor
    scores: Tensor
    labels: Tensor


def before_nms(model: nn.Module, pixels: Tensor, sample: Any, wanted: Wanted) -> RawRows:
    """Every row of an image whose score is the floor or more.

    Args:
        model: an mmdet detector in evaluation mode.
        pixels: (3, H, W), as its test pipeline packs them.
        sample: their `DetDataSample`.
        wanted: the floor, and what a score is made of.

    Raises:
        InputError: the detector is of none of the families.
    """
    detector: Any = model  # mmdet's, which torch's types do not know
    data = detector.data_preprocessor({"inputs": [pixels], "data_samples": [sample]}, False)
    features = detector.extract_feat(data["inputs"])
    samples = data["data_samples"]
    if isinstance(model, TwoStageDetector):
        return _regions(model, features, samples, wanted)
    if isinstance(model, DetectionTransformer):
        return _queries(model, features, samples, wanted.score_floor)
    if isinstance(model, SingleStageDetector) and _leaves_out_nms(model.bbox_head):
        return _dense(model.bbox_head, features, samples, wanted)
    raise InputError(
        "raw detections are taken from two-stage, dense and set-prediction heads",
        type(model).__name__,
        "choose another detector",
    )


def _leaves_out_nms(head: Any) -> bool:
    return {"with_nms", "cfg"} <= set(inspect.signature(head.predict_by_feat).parameters)


def _regions(model: Any, features: Any, samples: list[Any], wanted: Wanted) -> RawRows:
    proposals = model.rpn_head.predict(features, samples, rescale=False)
    metas = [one.metainfo for one in samples]
    result = model.roi_head.predict_bbox(features, metas, proposals, rcnn_test_cfg=None, rescale=True)[0]
    boxes = result.bboxes.float().cpu().reshape(len(result.bboxes), -1, 4)
    scores = result.scores[:, :-1].float().cpu()  # the last column is the background
    if "ious" in result:
        scores = joined(scores, result.ious.float().cpu(), wanted.iou_power)
    region, label = torch.nonzero(scores >= wanted.score_floor, as_tuple=True)
    column = label if boxes.shape[1] > 1 else torch.zeros_like(label)  # one box for all classes, or one for each
    return RawRows(boxes[region, column], scores[region, label], label)


def _dense(head: Any, features: Any, samples: list[Any], wanted: Wanted) -> RawRows:
    # A factor such as FCOS's centerness only lowers a score: what is below the floor before it is so after it. A
    # predicted IoU may lift one.
    power = wanted.iou_power if isinstance(head, IoUAware) else 0.0
    lowest = lowest_score(wanted.score_floor, power) * _BELOW
    smallest_px = head.test_cfg.get("min_bbox_size", -1)
    limits = ConfigDict({"score_thr": lowest, "nms_pre": _ALL, "min_bbox_size": smallest_px, POWER: power})
    metas = [one.metainfo for one in samples]
    if not hasattr(head, "loss_cls"):
        head.loss_cls = None  # SSD has none, and mmdet 3.5 asks it for a setting of V3Det's before it predicts
    result = head.predict_by_feat(*head(features), batch_img_metas=metas, cfg=limits, rescale=True, with_nms=False)[0]
    return _kept(result, wanted.score_floor)


def _queries(model: Any, features: Any, samples: list[Any], floor: float) -> RawRows:
    inputs = model.forward_transformer(features, samples)
    with _without_limit(model.bbox_head, model.num_queries):
        result = model.bbox_head.predict(**inputs, batch_data_samples=samples, rescale=True)[0]
    return _kept(result, floor)


@contextmanager
def _without_limit(head: Any, queries: int) -> Iterator[None]:
    """Every query for every class, or for its best class where the scores are a softmax over classes."""
    own = head.test_cfg
    head.test_cfg = {"max_per_img": queries * head.num_classes if head.loss_cls.use_sigmoid else queries}
    try:
        yield
    finally:
        head.test_cfg = own


def _kept(result: Any, floor: float) -> RawRows:
    rows = torch.nonzero(result.scores >= floor).squeeze(1)
    return RawRows(result.bboxes[rows].float().cpu(), result.scores[rows].float().cpu(), result.labels[rows].cpu())
