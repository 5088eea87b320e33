"""Predicted IoUs of boxes: what teaches them, and how they join the scores.

    target    IoU of the decoded box with its truth, for boxes that learn from a truth box; no gradient reaches the box
    loss      cross entropy of the sigmoid with it
    score     score^(1 - a) IoU^a

Source: Wu et al., IoU-aware Single-stage Object Detector for Accurate Localization (2019), equations 1 to 4, whose
exponent of the score is a here's complement.
"""

from typing import Any

import torch
from mmdet.structures.bbox import bbox_overlaps
from torch import Tensor

# The entry of a `test_cfg` that says how much predicted IoUs count; without it they do not.
POWER = "iou_power"


def iou_loss(loss: Any, logits: Tensor, predicted: Tensor, truth: Tensor) -> Tensor:
    """The loss of IoUs that were predicted for boxes with a truth.

    Args:
        loss: mmdet's cross entropy with a sigmoid.
        logits: (M,).
        predicted: (M, 4), decoded boxes as xyxy.
        truth: (M, 4), in the same frame.

    Returns:
        The mean over the boxes; 0 without any.
    """
    if not len(logits):
        return logits.sum()
    with torch.no_grad():
        targets = bbox_overlaps(predicted.float(), truth.float(), is_aligned=True)
    value: Tensor = loss(logits, targets, avg_factor=len(logits))
    return value


def joined(scores: Tensor, ious: Tensor, power: float) -> Tensor:
    """Scores and IoUs in one, of any shapes that fit; the scores themselves where the power is 0."""
    return scores if power == 0 else scores.pow(1 - power) * ious.pow(power)


def lowest_score(floor: float, power: float) -> float:
    """The score below which no IoU lifts a box to the floor."""
    return 0.0 if power == 1 else float(floor ** (1 / (1 - power)))
