"""Kernels from boxes to match bits: candidates and their truth boxes, their ranks, and who takes which truth box.

A *candidate* is a detection that meets some truth box's requirement; every other row is a false positive whatever else
happens, and only counts. So nothing but candidates is ever sorted or matched: other rows are counted in the *slots*
between ranked candidates. All IoU levels of a rule are decided at once, one bit per level (at most 64).
Precision-recall is `results.kernels_ap`.
"""

import numpy as np
import numpy.typing as npt

from results.boxes import BoolArray, FloatArray, IntArray
from results.compiled import compiled
from results.kernels import Int32Array, MaskArray, apart, overlap

Grouped = tuple[FloatArray, IntArray, BoolArray]
Pairs = tuple[IntArray, Int32Array, MaskArray]
BINS_PER_CANDIDATE = 4
SMALL_RUN = 24


@compiled
def candidate_pairs(
    boxes: FloatArray,
    key: IntArray,
    truth: Grouped,
    requirement: FloatArray,
    strict: bool,
) -> tuple[Int32Array, IntArray, Int32Array, MaskArray]:
    """All (detection, truth box) pairs of one group whose IoU meets the truth box's requirement at some level.

    Args:
        boxes: detections (N, 4), xywh.
        key: (N,) group of each detection; -1 leaves it out.
        truth: boxes (G, 4) grouped, each group's crowds last; start (groups + 1,); is_crowd (G,).
        requirement: (T, G) the IoU to reach, T <= 64.
        strict: the IoU must exceed the requirement.

    Returns:
        The rows that are candidates (K,), ascending; pair_start (K + 1,); then per pair the truth row and the mask of
        levels it meets. A candidate's pairs stand in the order in which it asks: highest IoU first (the later of
        equals), crowds last.
    """
    truth_boxes, start, is_crowd = truth
    rows = np.empty(boxes.shape[0], dtype=np.int32)
    pair_start = np.zeros(boxes.shape[0] + 1, dtype=np.int64)
    capacity = max(16, 2 * truth_boxes.shape[0])
    pair_box = np.empty(capacity, dtype=np.int32)
    pair_met = np.empty(capacity, dtype=np.uint64)
    pair_iou = np.empty(capacity, dtype=np.float64)
    found = 0
    count = 0
    for row in range(boxes.shape[0]):
        group = key[row]
        if group < 0:
            continue
        begin = count
        for box in range(start[group], start[group + 1]):
            # Most boxes of an image do not touch, and a call costs more than this test.
            if apart(boxes[row, 0], boxes[row, 2], truth_boxes[box, 0], truth_boxes[box, 2]):
                continue
            iou = overlap(boxes, row, truth_boxes, box, is_crowd[box])
            met = _met(iou, requirement, box, strict)
            if met == 0:
                continue
            if count == capacity:
                capacity *= 2
                pair_box = _grown(pair_box, capacity)
                pair_met = _grown(pair_met, capacity)
                pair_iou = _grown(pair_iou, capacity)
            _insert((pair_box, pair_met, pair_iou), (begin, count), is_crowd, box, met, iou)
            count += 1
        if count > begin:
            rows[found] = row
            found += 1
            pair_start[found] = count
    return rows[:found].copy(), pair_start[: found + 1].copy(), pair_box[:count].copy(), pair_met[:count].copy()


@compiled
def _met(iou: float, requirement: FloatArray, box: int, strict: bool) -> np.uint64:
    """Bit t is set where the IoU meets the box's requirement at level t."""
    mask = np.uint64(0)
    if iou <= 0:
        return mask
    for level in range(requirement.shape[0]):
        required = requirement[level, box]
        if iou > required or (iou == required and not strict):
            mask |= np.uint64(1) << np.uint64(level)
    return mask


@compiled
def _insert(
    pairs: tuple[Int32Array, MaskArray, FloatArray],
    span: tuple[int, int],
    is_crowd: BoolArray,
    box: int,
    met: np.uint64,
    iou: float,
) -> None:
    """Puts a pair where its detection will ask for it; truth rows come ascending, crowds last."""
    at = span[1]
    while at > span[0] and iou >= pairs[2][at - 1] and is_crowd[box] == is_crowd[pairs[0][at - 1]]:
        pairs[0][at] = pairs[0][at - 1]
        pairs[1][at] = pairs[1][at - 1]
        pairs[2][at] = pairs[2][at - 1]
        at -= 1
    pairs[0][at] = box
    pairs[1][at] = met
    pairs[2][at] = iou


@compiled
def _grown(values: npt.NDArray[np.generic], capacity: int) -> npt.NDArray[np.generic]:
    larger = np.empty(capacity, dtype=values.dtype)
    larger[: values.size] = values
    return larger


@compiled
def rank_candidates(
    rows: Int32Array, scores: FloatArray, class_of: Int32Array, image_of: Int32Array, classes: int
) -> tuple[IntArray, Int32Array]:
    """Candidates by class and descending score; ties by image, then row.

    Args:
        rows: (K,) their rows, ascending.
        scores: (N,) by row.
        class_of: (N,) class index by row.
        image_of: (N,) image index by row.
        classes: C.

    Returns:
        class_start (C + 1,) and order (K,), places in `rows`.
    """
    class_start = np.zeros(classes + 1, dtype=np.int64)
    for place in range(rows.size):
        class_start[class_of[rows[place]] + 1] += 1
    for group in range(classes):
        class_start[group + 1] += class_start[group]
    order = np.empty(rows.size, dtype=np.int32)
    at = class_start[:-1].copy()
    for place in range(rows.size):
        group = class_of[rows[place]]
        order[at[group]] = place
        at[group] += 1
    for group in range(classes):
        part = order[class_start[group] : class_start[group + 1]]
        part[:] = part[np.argsort(-scores[rows[part]], kind="mergesort")]
        _order_ties(part, rows, scores, image_of)
    return class_start, order


@compiled
def reordered_pairs(order: Int32Array, pair_start: IntArray, pair_box: Int32Array, pair_met: MaskArray) -> Pairs:
    """The pairs of `candidate_pairs` with the candidates in the order of `order` (K,)."""
    start = np.zeros(order.size + 1, dtype=np.int64)
    box = np.empty_like(pair_box)
    met = np.empty_like(pair_met)
    for place in range(order.size):
        at = start[place]
        for pair in range(pair_start[order[place]], pair_start[order[place] + 1]):
            box[at] = pair_box[pair]
            met[at] = pair_met[pair]
            at += 1
        start[place + 1] = at
    return start, box, met


@compiled
def _order_ties(part: Int32Array, rows: Int32Array, scores: FloatArray, image_of: Int32Array) -> None:
    """Puts runs of equal scores in image order; they come in row order."""
    first = 0
    while first < part.size:
        last = first + 1
        while last < part.size and scores[rows[part[last]]] == scores[rows[part[first]]]:
            last += 1
        if last - first > 1:
            run = part[first:last].copy()
            part[first:last] = run[np.argsort(image_of[rows[run]], kind="mergesort")]
        first = last


@compiled
def slots(
    scores: FloatArray,
    class_of: Int32Array,
    image_of: Int32Array,
    ranked_start: IntArray,
    ranked: Int32Array,
) -> Int32Array:
    """Where each row stands among the ranked candidates of its class.

    Args:
        scores: (N,).
        class_of: (N,) class index; rows with -1 are left out.
        image_of: (N,) image index.
        ranked_start: (C + 1,) first candidate of each class.
        ranked: (K,) rows of the ranked candidates.

    Returns:
        (N,) -1 - k for the k-th ranked candidate; for another row of class c, k + c if it stands right before
        candidate k, or `ranked_start[c + 1] + c` if it stands behind them all or is left out.
    """
    result = np.empty(scores.size, dtype=np.int32)
    values = scores[ranked]
    bin_start, bins, lowest, scale = _bins(values, ranked_start)
    for row in range(scores.size):
        group = class_of[row]
        if group < 0:
            result[row] = ranked_start[-1] + max(ranked_start.size - 2, 0)
            continue
        first, last = ranked_start[group], ranked_start[group + 1]
        score = scores[row]
        if first == last or score < lowest[group]:
            result[row] = last + group
            continue
        if score > values[first]:
            result[row] = first + group
            continue
        at = _bin(score, lowest[group], scale[group], bin_start[group + 1] - bin_start[group] - 1)
        low, high = bins[bin_start[group] + at + 1], bins[bin_start[group] + at]
        while low < high:
            middle = (low + high) >> 1
            other = values[middle]
            if other > score or (other == score and _earlier(ranked[middle], row, image_of)):
                low = middle + 1
            else:
                high = middle
        result[row] = low + group
    for place in range(ranked.size):
        result[ranked[place]] = -1 - place
    return result


@compiled
def _earlier(candidate: int, row: int, image_of: Int32Array) -> bool:
    if image_of[candidate] != image_of[row]:
        return bool(image_of[candidate] < image_of[row])
    return candidate < row


@compiled
def _bin(score: float, lowest: float, scale: float, bins: int) -> int:
    at = (score - lowest) * scale
    return int(at) if at < bins - 1 else bins - 1


@compiled
def _bins(values: FloatArray, ranked_start: IntArray) -> tuple[IntArray, Int32Array, FloatArray, FloatArray]:
    """A table per class that says between which ranked candidates a score can fall.

    Returns:
        bin_start (C + 1,); bins: candidates bins[b + 1]:bins[b] lie in bin b of a class; the class's lowest score; and
        its bins per unit of score.
    """
    classes = ranked_start.size - 1
    bin_start = np.zeros(classes + 1, dtype=np.int64)
    lowest = np.zeros(classes)
    scale = np.zeros(classes)
    for group in range(classes):
        amount = ranked_start[group + 1] - ranked_start[group]
        bin_start[group + 1] = bin_start[group] + BINS_PER_CANDIDATE * amount + 2
    bins = np.empty(bin_start[-1], dtype=np.int32)
    for group in range(classes):
        first, last = ranked_start[group], ranked_start[group + 1]
        amount = bin_start[group + 1] - bin_start[group] - 1
        if first < last:
            lowest[group] = values[last - 1]
            span = values[first] - values[last - 1]
            scale[group] = amount / span if span > amount * 1e-300 and span < np.inf else 0.0
        at = last
        for which in range(amount):
            bins[bin_start[group] + which] = at
            while at > first and _bin(values[at - 1], lowest[group], scale[group], amount) <= which:
                at -= 1
        # Bin b holds the candidates from the start of bin b + 1 up to its own start, scores being descending.
        bins[bin_start[group] + amount] = first
    return bin_start, bins, lowest, scale


@compiled
def ranks(rows: Int32Array, slot: Int32Array, ranked_start: IntArray) -> tuple[IntArray, Int32Array, Int32Array]:
    """The candidates among some rows, and where each stands among those rows of its class.

    Args:
        rows: (L,) the rows that are there.
        slot: (N,) from `slots`.
        ranked_start: (C + 1,) first candidate of each class.

    Returns:
        start (C + 1,), candidate (K',) numbers in rank order, and rank (K',), 1 for the best row of a class.
    """
    classes = ranked_start.size - 1
    total = ranked_start[classes]
    others = np.zeros(total + classes + 1, dtype=np.int32)
    there = np.zeros(total, dtype=np.bool_)
    for place in range(rows.size):
        at = slot[rows[place]]
        if at >= 0:
            others[at] += 1
        else:
            there[-1 - at] = True
    start = np.zeros(classes + 1, dtype=np.int64)
    candidate = np.empty(total, dtype=np.int32)
    rank = np.empty(total, dtype=np.int32)
    count = 0
    for group in range(classes):
        seen = 0
        for place in range(ranked_start[group], ranked_start[group + 1]):
            seen += others[place + group]
            if there[place]:
                seen += 1
                candidate[count] = place
                rank[count] = seen
                count += 1
        start[group + 1] = count
    return start, candidate[:count].copy(), rank[:count].copy()


@compiled
def match_ranked(candidate: Int32Array, pairs: Pairs, is_crowd: BoolArray, levels: int) -> tuple[MaskArray, MaskArray]:
    """Assigns candidates to truth boxes, best score first.

    Each takes the unmatched box with the highest IoU among those whose requirement it meets (the later of equals);
    failing that, a crowd, which any number may take.

    Args:
        candidate: (K',) numbers in rank order.
        pairs: pair_start, truth rows and masks of `candidate_pairs`, by candidate number.
        is_crowd: (G,).
        levels: T.

    Returns:
        Two masks (K',): the levels at which each is a true positive, and those at which it is ignored.

    Source: pycocotools `COCOeval.evaluateImg`.
    """
    hit = np.zeros(candidate.size, dtype=np.uint64)
    ignored = np.zeros(candidate.size, dtype=np.uint64)
    taken = np.zeros(is_crowd.size, dtype=np.uint64)
    everything = ~np.uint64(0) >> np.uint64(64 - levels)
    for place in range(candidate.size):
        number = candidate[place]
        left = everything
        for pair in range(pairs[0][number], pairs[0][number + 1]):
            box = pairs[1][pair]
            if is_crowd[box]:
                ignored[place] |= left & pairs[2][pair]
                left &= ~pairs[2][pair]
                continue
            mine = left & pairs[2][pair] & ~taken[box]
            taken[box] |= mine
            hit[place] |= mine
            left &= ~mine
    return hit, ignored
