"""Leaves out detections that cannot be scored, and counts them by reason: a rule's `bad_rows: drop`.

Everything else in this package refuses such rows by their number. Whoever drops rows says how many.
"""

import numpy as np

from results.boxes import Detections, Truth, are_pixels

NOT_FINITE = "a coordinate or score is not finite"
NEGATIVE = "width or height is negative"
UNKNOWN_IMAGE = "the image is not in the truth"
UNKNOWN_CATEGORY = "the category is not in the truth"


def sound_rows(detections: Detections, truth: Truth) -> tuple[Detections, dict[str, int]]:
    """The rows that can be scored, and how many were left out for each reason; a row counts for its first one."""
    ids = np.array([category.id for category in truth.categories], dtype=np.int64)
    boxes = detections.boxes_xywh
    reasons = {
        NOT_FINITE: ~(are_pixels(boxes) & np.isfinite(detections.scores)),
        NEGATIVE: np.asarray((boxes[:, 2:] < 0).any(axis=1)),
        UNKNOWN_IMAGE: ~np.isin(detections.image_id, truth.images.image_id),
        UNKNOWN_CATEGORY: ~np.isin(detections.category_id, ids),
    }
    left = np.ones(len(detections), dtype=np.bool_)
    dropped = {}
    for reason, bad in reasons.items():
        dropped[reason] = int((left & bad).sum())
        left &= ~bad
    return detections.select(left), {reason: count for reason, count in dropped.items() if count}
