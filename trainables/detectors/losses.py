"""Losses of heads: words -> configuration of mmdet's losses.

A loss on overlaps compares decoded boxes; the head that takes one says so with `reg_decoded_bbox`.
"""

from collections.abc import Mapping, Sequence

Config = dict[str, object]
Params = Mapping[str, object]

# Loss weights: mmdet/configs/faster_rcnn/faster-rcnn_r50_fpn_{iou,giou,ciou}_1x_coco.py, where offsets' is 1. mmdet has
# no such configuration with DIoU; it lies between GIoU and CIoU.
_OVERLAPS: Mapping[str, Config] = {
    "iou": {"type": "IoULoss", "loss_weight": 10.0},
    "giou": {"type": "GIoULoss", "loss_weight": 10.0},
    "diou": {"type": "DIoULoss", "loss_weight": 10.0},
    "ciou": {"type": "CIoULoss", "loss_weight": 12.0},
}


def box_loss(word: str, beta: float) -> Config:
    """The entries of a head that say how it learns boxes.

    Args:
        word: smooth_l1, l1, balanced_l1, iou, giou, diou or ciou.
        beta: offset at which smooth_l1 and balanced_l1 turn from square to linear.

    Source: Libra R-CNN (Pang et al., 2019) for balanced_l1, mmdet/configs/libra_rcnn; Rezatofighi et al. (2019) for
    giou, Zheng et al. (2020) for diou and ciou.
    """
    if word in _OVERLAPS:
        return {"reg_decoded_bbox": True, "loss_bbox": dict(_OVERLAPS[word])}
    if word == "l1":
        return {"loss_bbox": {"type": "L1Loss", "loss_weight": 1.0}}
    if word == "balanced_l1":
        balanced = {"type": "BalancedL1Loss", "alpha": 0.5, "gamma": 1.5, "beta": beta, "loss_weight": 1.0}
        return {"loss_bbox": balanced}
    return {"loss_bbox": {"type": "SmoothL1Loss", "beta": beta, "loss_weight": 1.0}}


def overlap_loss(word: str, weight: float) -> Config:
    """Loss of a dense head's decoded boxes: iou, giou, diou or ciou."""
    return {**_OVERLAPS[word], "loss_weight": weight}


def dense_box_loss(word: str) -> Config:
    """The entries of a dense head with anchors that say how it learns boxes; words as of `box_loss`.

    Source: mmdet/configs/atss for the weight of an overlap, mmdet/configs/free_anchor for smooth_l1's turn.
    """
    if word in _OVERLAPS:
        return {"reg_decoded_bbox": True, "loss_bbox": overlap_loss(word, weight=2.0)}
    return box_loss(word, beta=0.11)


def class_weights(params: Params, class_count: int) -> list[object]:
    """Weights of the classes in label order, whether one is given or one for each."""
    given = params["class_weights"]
    return given if isinstance(given, list) else [given] * class_count


def objectness_loss(word: str) -> Config:
    """How region proposals learn to tell objects from background: cross_entropy or focal."""
    if word == "focal":
        return {"type": "FocalLoss", "use_sigmoid": True, "gamma": 2.0, "alpha": 0.25, "loss_weight": 1.0}
    return {"type": "CrossEntropyLoss", "use_sigmoid": True, "loss_weight": 1.0}


def class_loss(word: str, weights: Sequence[object]) -> Config:
    """How a head learns classes.

    Args:
        word: cross_entropy or focal.
        weights: of the classes, in label order; equal weights of 1 are stock's, which has none.
    """
    weighted = any(weight != 1 for weight in weights)
    if word == "focal":
        own = {"class_weight": list(weights)} if weighted else {}
        return {"type": "trainables.modules.region_focal.RegionFocalLoss", "gamma": 2.0, "alpha": 0.25, **own}
    loss: Config = {"type": "CrossEntropyLoss", "use_sigmoid": False, "loss_weight": 1.0}
    # mmdet's background is the last label; it keeps a weight of 1.
    return {**loss, "class_weight": [*weights, 1.0]} if weighted else loss
