"""Region proposals: parameters -> configuration of mmdet's RPN head, of its training and of what leaves it."""

from collections.abc import Mapping

from trainables.detectors.assigning import assigner, sampler
from trainables.detectors.backbones import Config
from trainables.detectors.losses import box_loss, objectness_loss
from trainables.detectors.pyramid import level_strides
from trainables.detectors.regions import box_coder
from trainables.notation import parse_numbers

Params = Mapping[str, object]


def rpn_head(params: Params) -> Config:
    """The head."""
    return {
        "type": "RPNHead",
        "in_channels": params["neck_channels"],
        "feat_channels": params["neck_channels"],
        "anchor_generator": {
            "type": "AnchorGenerator",
            "scales": [params["anchor_scale"]],
            "ratios": list(parse_numbers(str(params["anchor_ratios"]))),
            "strides": level_strides(params),
        },
        "bbox_coder": box_coder([1.0, 1.0, 1.0, 1.0]),
        "loss_cls": objectness_loss(str(params["rpn_class_loss"])),
        **box_loss(str(params["rpn_box_loss"]), beta=1.0 / 9.0),
    }


def rpn_training(params: Params) -> Config:
    """What it learns from."""
    negative = params["rpn_neg_iou"]
    lowest = params["rpn_min_pos_iou"] or negative
    return {
        "assigner": assigner(params["rpn_pos_iou"], negative, lowest, match_low_quality=True),
        "sampler": sampler(256, 0.5, add_truth=False),
        "allowed_border": 0,
        "pos_weight": -1,
        "debug": False,
    }


def proposals(params: Params) -> Config:
    """Which proposals leave it."""
    count = params["rpn_proposals"]
    return {"nms_pre": count, "max_per_img": count, "nms": {"type": "nms", "iou_threshold": 0.7}, "min_bbox_size": 0}
