"""What dense detectors share: their pyramid, focal loss, normalisation and settings. Parameters -> configuration."""

import math
from collections.abc import Mapping

from trainables.detectors.assigning import assigner
from trainables.detectors.backbones import Config
from trainables.detectors.losses import class_weights
from trainables.detectors.pyramid import neck
from trainables.notation import parse_numbers

Params = Mapping[str, object]

_MOST_GROUPS = 32
# A trial takes raw detections, before this threshold and this NMS. They are mmdet's, so that the written configuration
# can be used with mmdet alone.
DENSE_TEST: Config = {
    "nms_pre": 1000,
    "min_bbox_size": 0,
    "score_thr": 0.05,
    "nms": {"type": "nms", "iou_threshold": 0.5},
    "max_per_img": 100,
}


def dense_neck(params: Params, extra_from: str) -> Config:
    """A pyramid whose coarse levels are convolved, not pooled.

    Args:
        params: of the catalogue.
        extra_from: what the first of them is made of, "on_input" (the backbone's last stage) or "on_output".
    """
    return {**neck(params), "add_extra_convs": extra_from}


def focal_loss(params: Params) -> Config:
    """Source: Lin et al., Focal loss for dense object detection (ICCV 2017)."""
    gamma, alpha = params["focal_gamma"], params["focal_alpha"]
    return {"type": "FocalLoss", "use_sigmoid": True, "gamma": gamma, "alpha": alpha, "loss_weight": 1.0}


def dense_class_loss(params: Params, class_count: int) -> Config:
    """Focal loss, weighted by class where the weights are not all 1."""
    weights = class_weights(params, class_count)
    if all(weight == 1 for weight in weights):
        return focal_loss(params)
    kind = "trainables.modules.class_weighted_focal.ClassWeightedFocalLoss"
    return {**focal_loss(params), "type": kind, "class_weight": weights}


def tower_norm(params: Params) -> Config:
    """GroupNorm for towers."""
    return {"type": "GN", "num_groups": norm_groups(int(str(params["tower_channels"]))), "requires_grad": True}


def norm_groups(channels: int) -> int:
    """Groups of a GroupNorm: mmdet's 32 at stock width, at least 4 channels each, and no rest."""
    return math.gcd(_MOST_GROUPS, max(channels // 4, 1))


def octave_anchors(params: Params, strides: list[int]) -> Config:
    """Three sizes an octave, of every shape, at each place."""
    return {
        "type": "AnchorGenerator",
        "octave_base_scale": params["anchor_scale"],
        "scales_per_octave": 3,
        "ratios": list(parse_numbers(str(params["anchor_ratios"]))),
        "strides": strides,
    }


def overlap_training(params: Params) -> Config:
    """Every box teaches, by its IoU with the truth, but for those between the two thresholds."""
    return {
        "assigner": {
            key: value
            for key, value in assigner(params["pos_iou"], params["neg_iou"], 0, match_low_quality=True).items()
            if key != "match_low_quality"  # mmdet's default
        },
        "allowed_border": -1,
        "pos_weight": -1,
        "debug": False,
    }
