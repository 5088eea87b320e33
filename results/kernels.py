"""Kernels that bring rows into groups and boxes together: sound rows, ids, grouping, sorting within groups, overlap.

Rows are grouped by (class, image); group `g = class * images + image` holds rows `start[g]:start[g + 1]`.
Matching is `results.kernels_match`, precision-recall `results.kernels_ap`, suppression `results.kernels_nms`.
"""

import math

import numpy as np
import numpy.typing as npt

from results.boxes import FloatArray, IntArray
from results.compiled import compiled

Int32Array = npt.NDArray[np.int32]
MaskArray = npt.NDArray[np.uint64]

SMALL_GROUP = 48


@compiled
def all_sound(boxes: FloatArray, scores: FloatArray) -> bool:
    """All coordinates and scores are finite, and no size is negative; `boxes` is (N, 4) xywh."""
    for row in range(scores.size):
        # A sum is finite only if its terms are; two finite terms beyond the largest float are refused too.
        total = boxes[row, 0] + boxes[row, 1] + boxes[row, 2] + boxes[row, 3] + scores[row]
        if not (math.isfinite(total) and boxes[row, 2] >= 0 and boxes[row, 3] >= 0):
            return False
    return True


@compiled
def look_up(values: IntArray, low: int, places: Int32Array) -> Int32Array:
    """`places[value - low]` of each value (N,), -1 outside of the table."""
    found = np.empty(values.size, dtype=np.int32)
    for row in range(values.size):
        at = values[row] - low
        found[row] = places[at] if 0 <= at < places.size else -1
    return found


@compiled
def group_keys(class_of: Int32Array, image_of: Int32Array, images: int) -> IntArray:
    """Group of each row, class * images + image; -1 where either is -1."""
    key = np.empty(class_of.size, dtype=np.int64)
    for row in range(class_of.size):
        inside = class_of[row] >= 0 and image_of[row] >= 0
        key[row] = np.int64(class_of[row]) * images + image_of[row] if inside else -1
    return key


@compiled
def most_in_one(image_of: Int32Array, images: int) -> int:
    """The most rows that one image holds."""
    counts = np.zeros(images, dtype=np.int64)
    for row in range(image_of.size):
        if image_of[row] >= 0:
            counts[image_of[row]] += 1
    return counts.max() if images else 0


@compiled
def group_order(key: IntArray, groups: int) -> tuple[IntArray, IntArray]:
    """Stable counting sort of rows by group; rows with a negative key are left out.

    Returns:
        start (groups + 1,) and order, the input row at each grouped place.
    """
    start = np.zeros(groups + 1, dtype=np.int64)
    for row in range(key.size):
        if key[row] >= 0:
            start[key[row] + 1] += 1
    for group in range(groups):
        start[group + 1] += start[group]
    place = start[:-1].copy()
    order = np.empty(start[groups], dtype=np.int64)
    for row in range(key.size):
        group = key[row]
        if group >= 0:
            order[place[group]] = row
            place[group] += 1
    return start, order


@compiled
def sort_within_groups(start: IntArray, order: IntArray, scores: FloatArray) -> None:
    """Sorts each group's rows by descending score, ties in input order, in place.

    Args:
        start: (groups + 1,) first place of each group.
        order: (N,) input rows by group; sorted in place.
        scores: by input row.
    """
    for group in range(start.size - 1):
        low, high = start[group], start[group + 1]
        if high - low > SMALL_GROUP:
            rows = order[low:high].copy()
            order[low:high] = rows[np.argsort(-scores[rows], kind="mergesort")]
            continue
        for place in range(low + 1, high):
            row = order[place]
            score = scores[row]
            before = place - 1
            while before >= low and scores[order[before]] < score:
                order[before + 1] = order[before]
                before -= 1
            order[before + 1] = row


@compiled
def apart(x: float, width: float, other_x: float, other_width: float) -> bool:
    """Two spans do not overlap: a cheap test before `overlap`, whose call costs more than most of its answers."""
    return bool(min(width + x, other_width + other_x) <= max(x, other_x))


@compiled
def intersection(boxes: FloatArray, row: int, others: FloatArray, other: int) -> float:
    """Intersection area of two xywh boxes, in the order of operations of pycocotools' C code."""
    width = min(boxes[row, 2] + boxes[row, 0], others[other, 2] + others[other, 0]) - max(
        boxes[row, 0], others[other, 0]
    )
    if width <= 0:
        return 0.0
    height = min(boxes[row, 3] + boxes[row, 1], others[other, 3] + others[other, 1]) - max(
        boxes[row, 1], others[other, 1]
    )
    if height <= 0:
        return 0.0
    return float(width * height)


@compiled
def overlap(boxes: FloatArray, row: int, others: FloatArray, other: int, crowd: bool) -> float:
    """IoU of two xywh boxes; for a crowd, intersection over the first box's own area."""
    shared = intersection(boxes, row, others, other)
    if shared == 0.0:
        return 0.0
    own = boxes[row, 2] * boxes[row, 3]
    if crowd:
        return float(shared / own)
    return float(shared / (own + others[other, 2] * others[other, 3] - shared))
