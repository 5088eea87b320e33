"""Boxes that say the same thing twice: equal ones, and of one class overlapping nearly wholly.

Boxes are sorted by image, class and left edge. Two boxes with an IoU of t differ in their left edges by at most
(1 - t) / t of a width, so each is compared with its few neighbours in that window, on both sides in turn, and only
until one is found that stands before it in the file: n log n steps even where all boxes lie in one place.
"""

import numpy as np

from results.boxes import BoolArray, FloatArray, IntArray
from results.compiled import compiled

NEAR_IOU = 0.9


def exact_duplicates(group: IntArray, boxes_xywh: FloatArray) -> tuple[IntArray, IntArray]:
    """Boxes equal to an earlier one of their group, and which.

    Args:
        group: (N,) a number for each image and class.
        boxes_xywh: (N, 4), finite.

    Returns:
        (F,) rows, ascending, and for each the first row that it equals.
    """
    # Sorted by all that must agree; lexsort is stable, so the first of equals is the first in the file.
    keys = [boxes_xywh[:, column] for column in (3, 2, 1, 0)]
    order = np.lexsort([*keys, group])
    if not len(order):
        return order, order
    rows = np.column_stack([group[order].astype(np.float64), boxes_xywh[order]])
    is_new = np.concatenate([[True], (rows[1:] != rows[:-1]).any(axis=1)])
    first = order[np.maximum.accumulate(np.where(is_new, np.arange(len(order)), 0))]
    later = np.sort(order[~is_new])
    original = np.empty(len(order), dtype=np.int64)
    original[order] = first
    return later, original[later]


def near_duplicates(group: IntArray, boxes_xywh: FloatArray, iou: float = NEAR_IOU) -> tuple[IntArray, IntArray]:
    """Boxes that overlap another of their group by `iou` or more; of equal boxes the first alone is looked at.

    Args:
        group: (N,) a number for each image and class.
        boxes_xywh: (N, 4), finite, with areas above 0.
        iou: what counts as near, above .5.

    Returns:
        (F,) rows that overlap one which stands before them, ascending, and for each one such.
    """
    equal, _ = exact_duplicates(group, boxes_xywh)
    candidates = np.delete(np.arange(len(group)), equal)
    order = candidates[np.lexsort([boxes_xywh[candidates, 0], group[candidates]])]
    partner = _earlier_partners(order, group[order], np.ascontiguousarray(boxes_xywh[order]), iou)
    found = np.flatnonzero(partner >= 0)
    found = found[np.argsort(order[found])]
    return order[found], order[partner[found]]


def groups_of(image_row: IntArray, category_row: IntArray, usable: BoolArray) -> IntArray:
    """(U,) one number for each pair of image and class, of the usable rows."""
    images, categories = image_row[usable], category_row[usable]
    return images * (int(categories.max(initial=0)) + 1) + categories


@compiled
def _earlier_partners(row: IntArray, group: IntArray, boxes: FloatArray, iou: float) -> IntArray:
    """For each box, sorted by group and left edge, the place of a near one with a smaller row number; -1 for none."""
    partner = np.empty(len(row), dtype=np.int64)
    for place in range(len(row)):
        partner[place] = _earlier_partner(place, row, group, boxes, iou)
    return partner


@compiled
def _earlier_partner(place: int, row: IntArray, group: IntArray, boxes: FloatArray, iou: float) -> int:
    left, right = place - 1, place + 1
    while True:
        left = left if _is_in_reach(left, place, group, boxes, iou) else -1
        right = right if _is_in_reach(right, place, group, boxes, iou) else -1
        if left < 0 and right < 0:
            return -1
        for other in (left, right):
            if other >= 0 and row[other] < row[place] and _is_near(boxes[place], boxes[other], iou):
                return other
        left, right = left - 1, right + 1 if right >= 0 else -1


@compiled
def _is_in_reach(other: int, place: int, group: IntArray, boxes: FloatArray, iou: float) -> bool:
    if other < 0 or other >= len(group) or group[other] != group[place]:
        return False
    return bool(abs(boxes[other, 0] - boxes[place, 0]) <= (1.0 - iou) / iou * boxes[place, 2])


@compiled
def _is_near(first: FloatArray, second: FloatArray, iou: float) -> bool:
    wide = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    high = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    both = wide * high
    union = first[2] * first[3] + second[2] * second[3] - both
    return bool(wide > 0 and high > 0 and both >= iou * union)
