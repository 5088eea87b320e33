"""Which boxes of a split a detector can learn from, and which a score can be made of.

A crowd region is neither. What is left of a box inside its image must be a pixel wide and high to be learnt from.
"""

from collections import Counter

import numpy as np

from results.boxes import BoolArray, FloatArray, Truth

LEAST_PX = 1.0


def corners_in_image(truth: Truth) -> FloatArray:
    """(G, 4) each box as xyxy, cut at the edges of its image, in original-image pixels."""
    images = truth.images
    order = np.argsort(images.image_id)
    place = order[np.searchsorted(images.image_id[order], truth.image_id)]
    size = np.column_stack([images.width_px[place], images.height_px[place]])
    low, high = truth.boxes_xywh[:, :2], truth.boxes_xywh[:, :2] + truth.boxes_xywh[:, 2:]
    return np.clip(np.hstack([low, high]), 0, np.hstack([size, size]))


def has_pixels(truth: Truth) -> BoolArray:
    """(G,) at least a pixel of the box lies inside its image, across and down."""
    corners = corners_in_image(truth)
    return np.asarray((corners[:, 2:] - corners[:, :2] >= LEAST_PX).all(axis=1))


def can_be_learnt(truth: Truth) -> BoolArray:
    """(G,) the box is an object for training."""
    return has_pixels(truth) & ~truth.is_crowd


def can_be_scored(truth: Truth) -> BoolArray:
    """(G,) the box is one that a detector can find or miss."""
    return ~truth.is_crowd


def why_not_learnt(truth: Truth) -> str:
    """Why boxes are none to learn from, in counts."""
    reasons = Counter({"crowd regions": int(truth.is_crowd.sum())})
    reasons["less than a pixel inside their image"] = int((~has_pixels(truth) & ~truth.is_crowd).sum())
    return ", ".join(f"{count} {reason}" for reason, count in reasons.items() if count)
