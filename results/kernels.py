"""Kernels that bring boxes together: grouping, sorting within groups, candidate pairs, matching.

Rows are grouped by (class, image); group `g = class * images + image` holds rows `start[g]:start[g + 1]`.
Precision-recall is `results.kernels_ap`, suppression is `results.kernels_nms`.
"""

import numpy as np
import numpy.typing as npt

from results.boxes import BoolArray, FloatArray, IntArray
from results.compiled import compiled

Int32Array = npt.NDArray[np.int32]
CodeArray = npt.NDArray[np.int8]

FALSE_POSITIVE, TRUE_POSITIVE, IGNORED = 0, 1, 2
SMALL_GROUP = 48


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


@compiled
def candidate_pairs(
    boxes: FloatArray,
    start: IntArray,
    truth: FloatArray,
    truth_start: IntArray,
    is_crowd: BoolArray,
    lowest: FloatArray,
) -> tuple[IntArray, Int32Array, FloatArray]:
    """All (detection, truth box) pairs of one group whose IoU reaches the truth box's lowest requirement.

    Args:
        boxes: grouped detections (N, 4), xywh.
        start: (groups + 1,) first detection of each group.
        truth: grouped truth (G, 4), xywh, each group's crowds last.
        truth_start: (groups + 1,) first truth box of each group.
        is_crowd: (G,).
        lowest: (G,) the least IoU any requirement asks.

    Returns:
        Per detection `pair_start` (N + 1,), then per pair the truth row and the IoU, truth rows ascending.
    """
    pair_start = np.zeros(boxes.shape[0] + 1, dtype=np.int64)
    capacity = max(16, 2 * truth.shape[0])
    pair_truth = np.empty(capacity, dtype=np.int32)
    pair_iou = np.empty(capacity, dtype=np.float64)
    count = 0
    for group in range(start.size - 1):
        first, last = truth_start[group], truth_start[group + 1]
        for row in range(start[group], start[group + 1]):
            if count + last - first > capacity:
                capacity = 2 * capacity + last - first
                pair_truth = _grown(pair_truth, capacity)
                pair_iou = _grown(pair_iou, capacity)
            for box in range(first, last):
                iou = overlap(boxes, row, truth, box, is_crowd[box])
                if iou > 0 and iou >= lowest[box]:
                    pair_truth[count] = box
                    pair_iou[count] = iou
                    count += 1
            pair_start[row + 1] = count
    return pair_start, pair_truth[:count].copy(), pair_iou[:count].copy()


@compiled
def _grown(values: npt.NDArray[np.generic], capacity: int) -> npt.NDArray[np.generic]:
    larger = np.empty(capacity, dtype=values.dtype)
    larger[: values.size] = values
    return larger


@compiled
def match_rows(
    rows: Int32Array,
    pairs: tuple[IntArray, Int32Array, FloatArray],
    requirement: FloatArray,
    is_crowd: BoolArray,
    strict: bool,
) -> CodeArray:
    """Assigns detections to truth boxes, best score first within each group.

    Each row takes the unmatched box with the highest IoU among those whose requirement it meets (the later of equals);
    failing that, a crowd, which any number of rows may take.

    Args:
        rows: (L,) grouped detection rows, in the order in which they choose.
        pairs: what `candidate_pairs` returned.
        requirement: (T, G).
        is_crowd: (G,).
        strict: the IoU must exceed the requirement.

    Returns:
        (T, L) FALSE_POSITIVE, TRUE_POSITIVE or IGNORED.

    Source: pycocotools `COCOeval.evaluateImg`.
    """
    codes = np.zeros((requirement.shape[0], rows.size), dtype=np.int8)
    for level in range(requirement.shape[0]):
        taken = np.zeros(requirement.shape[1], dtype=np.bool_)
        for place in range(rows.size):
            first, last = pairs[0][rows[place]], pairs[0][rows[place] + 1]
            if first == last:
                continue
            box = _best_box(first, last, pairs, requirement[level], is_crowd, taken, strict)
            if box >= 0:
                taken[box] = True
                codes[level, place] = IGNORED if is_crowd[box] else TRUE_POSITIVE
    return codes


@compiled
def _best_box(  # noqa: PLR0913, PLR0917  a kernel's inner loop: bundling its columns would hide what it reads
    first: int,
    last: int,
    pairs: tuple[IntArray, Int32Array, FloatArray],
    required: FloatArray,
    is_crowd: BoolArray,
    taken: BoolArray,
    strict: bool,
) -> int:
    best = -1
    best_iou = 0.0
    for pair in range(first, last):
        box = pairs[1][pair]
        iou = pairs[2][pair]
        if taken[box] and not is_crowd[box]:
            continue
        if best >= 0 and is_crowd[box] and not is_crowd[best]:
            break
        if iou < required[box] or (strict and iou <= required[box]) or iou < best_iou:
            continue
        best = box
        best_iou = iou
    return best
