"""Kernels that suppress duplicates: the overlap graph of a raw set, hard NMS on it, soft-NMS on it.

The graph is made once; any number of settings then runs on it without touching a coordinate. All hard thresholds are
decided in one walk, one bit per threshold. Groups are those of `results.kernels`, rows in a group best score first.
"""

import math

import numpy as np
import numpy.typing as npt

from results.boxes import FloatArray, IntArray
from results.compiled import compiled
from results.kernels import Int32Array, MaskArray, apart, overlap

Adjacency = tuple[IntArray, Int32Array, FloatArray]
Graph = tuple[Adjacency, Adjacency]

HARD, LINEAR, GAUSSIAN = 0, 1, 2
BITS = 64
LONG_LIST = 48


@compiled
def overlap_graph(boxes: FloatArray, start: IntArray) -> Graph:
    """All pairs of overlapping boxes within a group.

    Args:
        boxes: grouped (N, 4), xywh.
        start: (groups + 1,).

    Returns:
        Two adjacency lists: of the rows after each row, by descending IoU so that a threshold ends a walk; and of the
        rows before it. Each is start (N + 1,), neighbour (E,), iou (E,).
    """
    rows = boxes.shape[0]
    first, second, ious = _pairs(boxes, start)
    after = np.zeros(rows + 1, dtype=np.int64)
    before = np.zeros(rows + 1, dtype=np.int64)
    for pair in range(first.size):
        after[first[pair] + 1] += 1
        before[second[pair] + 1] += 1
    for row in range(rows):
        after[row + 1] += after[row]
        before[row + 1] += before[row]
    for row in range(rows):
        _sort_descending(second, ious, after[row], after[row + 1])
    neighbour = np.empty(first.size, dtype=np.int32)
    iou = np.empty(first.size, dtype=np.float64)
    at = before[:-1].copy()
    for row in range(rows):
        for pair in range(after[row], after[row + 1]):
            place = at[second[pair]]
            neighbour[place] = row
            iou[place] = ious[pair]
            at[second[pair]] += 1
    return (after, second, ious), (before, neighbour, iou)


@compiled
def _sort_descending(rows: Int32Array, values: FloatArray, first: int, last: int) -> None:
    if last - first > LONG_LIST:
        order = np.argsort(-values[first:last], kind="mergesort")
        rows[first:last] = rows[first:last][order]
        values[first:last] = values[first:last][order]
        return
    for place in range(first + 1, last):
        row, value = rows[place], values[place]
        before = place - 1
        while before >= first and values[before] < value:
            rows[before + 1] = rows[before]
            values[before + 1] = values[before]
            before -= 1
        rows[before + 1] = row
        values[before + 1] = value


@compiled
def _pairs(boxes: FloatArray, start: IntArray) -> tuple[Int32Array, Int32Array, FloatArray]:
    """Overlapping pairs (first < second) ordered by first, then second."""
    capacity = 4 * boxes.shape[0] + 16
    first = np.empty(capacity, dtype=np.int32)
    second = np.empty(capacity, dtype=np.int32)
    ious = np.empty(capacity, dtype=np.float64)
    count = 0
    for group in range(start.size - 1):
        end = start[group + 1]
        for row in range(start[group], end):
            if count + end - row > capacity:
                larger = 2 * capacity + end - row
                first = np.concatenate((first, np.empty(larger - capacity, dtype=np.int32)))
                second = np.concatenate((second, np.empty(larger - capacity, dtype=np.int32)))
                ious = np.concatenate((ious, np.empty(larger - capacity, dtype=np.float64)))
                capacity = larger
            for other in range(row + 1, end):
                if apart(boxes[row, 0], boxes[row, 2], boxes[other, 0], boxes[other, 2]):
                    continue
                iou = overlap(boxes, row, boxes, other, False)
                if iou > 0:
                    first[count] = row
                    second[count] = other
                    ious[count] = iou
                    count += 1
    return first[:count].copy(), second[:count].copy(), ious[:count].copy()


@compiled
def hard_nms(
    graph: Graph, scores: FloatArray, start: IntArray, setting: tuple[float, float], cap: int
) -> tuple[Int32Array, FloatArray]:
    """Greedy class-wise NMS: a box falls when its IoU with a kept one exceeds the threshold.

    Args:
        graph: what `overlap_graph` returned.
        scores: (N,) grouped, best first within a group.
        start: (groups + 1,).
        setting: IoU threshold and least score; scores below it are dropped.
        cap: most rows to keep in a group.

    Returns:
        rows (L,) and their scores, groups in order, best score first.

    Source: torchvision `nms` (strict inequality).
    """
    after, neighbour, iou = graph[0]
    threshold, least = setting
    alive = np.empty(scores.size, dtype=np.uint8)
    for row in range(scores.size):
        alive[row] = scores[row] >= least
    for row in _heads(after, iou, threshold):
        if alive[row]:
            edge, end = after[row], after[row + 1]
            while edge < end and iou[edge] > threshold:
                alive[neighbour[edge]] = 0
                edge += 1
    rows = _standing(alive, start, cap)
    return rows, scores[rows]


@compiled
def _heads(after: IntArray, iou: FloatArray, threshold: float) -> Int32Array:
    """The rows that overlap a later row by more than the threshold; no other row can suppress anything.

    Found without a branch: whether a row is one of them is close to a coin's toss, and a wrong guess of the processor
    costs more than all else here.
    """
    heads = np.empty(after.size, dtype=np.int32)
    count = 0
    if iou.size == 0:
        return heads[:0]
    for row in range(after.size - 1):
        heads[count] = row
        count += (after[row] < after[row + 1]) & (iou[min(after[row], iou.size - 1)] > threshold)
    return heads[:count]


@compiled
def _standing(alive: npt.NDArray[np.uint8], start: IntArray, cap: int) -> Int32Array:
    """The rows that are 1 in `alive`, at most `cap` a group; without a branch, as `_heads`."""
    rows = np.empty(alive.size + 1, dtype=np.int32)
    count = 0
    for group in range(start.size - 1):
        end = count + cap
        for row in range(start[group], start[group + 1]):
            rows[count] = row
            count += alive[row] & (count < end)
    return rows[:count].copy()


@compiled
def hard_nms_all(graph: Graph, scores: FloatArray, thresholds: FloatArray, least: FloatArray) -> MaskArray:
    """`hard_nms` at up to 64 thresholds in one walk.

    Args:
        graph: what `overlap_graph` returned.
        scores: (N,) grouped, best first within a group.
        thresholds: (S,) ascending.
        least: (S,) scores below it are dropped.

    Returns:
        (N,) bit s is set where threshold s keeps the row.
    """
    after, neighbour, iou = graph[0]
    one = np.uint64(1)
    alive = _alive_at_first(scores, least)
    for row in range(scores.size):
        mine = alive[row]
        if mine == 0:
            continue
        exceeded = thresholds.size
        for edge in range(after[row], after[row + 1]):
            while exceeded > 0 and iou[edge] <= thresholds[exceeded - 1]:
                exceeded -= 1
            if exceeded == 0:
                break
            fallen = mine if exceeded >= BITS else mine & ((one << np.uint64(exceeded)) - one)
            alive[neighbour[edge]] &= ~fallen
    return alive


@compiled
def _alive_at_first(scores: FloatArray, least: FloatArray) -> MaskArray:
    """Bit s is set where the score reaches least[s]."""
    alive = np.zeros(scores.size, dtype=np.uint64)
    for setting in range(least.size):
        bit = np.uint64(1) << np.uint64(setting)
        for row in range(scores.size):
            if scores[row] >= least[setting]:
                alive[row] |= bit
    return alive


@compiled
def kept_rows(alive: MaskArray, bit: int, start: IntArray, cap: int) -> Int32Array:
    """Rows that one threshold keeps, at most `cap` a group."""
    shift = np.uint64(bit)
    one = np.empty(alive.size, dtype=np.uint8)
    for row in range(alive.size):
        one[row] = (alive[row] >> shift) & np.uint64(1)
    return _standing(one, start, cap)


@compiled
def soft_nms(
    graph: Graph, scores: FloatArray, start: IntArray, setting: tuple[int, float, float, float], cap: int
) -> tuple[Int32Array, FloatArray]:
    """Soft-NMS: the best remaining box of a group decays what it overlaps, and what falls below the least score goes.

    Args:
        graph: what `overlap_graph` returned.
        scores: (N,) grouped, best first within a group.
        start: (groups + 1,).
        setting: (LINEAR or GAUSSIAN, IoU threshold, sigma, least score).
        cap: most rows to keep in a group.

    Returns:
        rows (L,) and decayed scores (L,), groups in order, best score first (ties: the earlier row).

    Source: Bodla et al., Soft-NMS, ICCV 2017, equations 2 and 3; mmcv `soft_nms` for the least score.
    """
    least = setting[3]
    left = scores.copy()
    rows = np.empty(scores.size, dtype=np.int32)
    values = np.empty(scores.size, dtype=np.float64)
    count = 0
    for group in range(start.size - 1):
        head, end = start[group], start[group + 1]
        while end > head and scores[end - 1] < least:
            end -= 1
            left[end] = -np.inf
        room = cap
        while room > 0:
            while head < end and left[head] < least:
                head += 1
            if head == end:
                break
            row = _best(head, end, scores, left)
            rows[count] = row
            values[count] = left[row]
            left[row] = -np.inf
            count += 1
            room -= 1
            _decay(row, graph[0], left, setting)
            _decay(row, graph[1], left, setting)
    return rows[:count].copy(), values[:count].copy()


@compiled
def _best(head: int, end: int, scores: FloatArray, left: FloatArray) -> int:
    """The row with the highest score left, the first of equals.

    Rows stand in the order of their original scores and only decay, so the search stops where no original score is
    above the best found.
    """
    best = head
    value = left[head]
    row = head + 1
    while row < end and scores[row] > value:
        if left[row] > value:
            value = left[row]
            best = row
        row += 1
    return best


@compiled
def _decay(
    row: int,
    lists: Adjacency,
    left: FloatArray,
    setting: tuple[int, float, float, float],
) -> None:
    kind, threshold, sigma, least = setting
    for edge in range(lists[0][row], lists[0][row + 1]):
        value = left[lists[1][edge]]
        if value < least:
            continue
        iou = lists[2][edge]
        if kind == GAUSSIAN:
            value *= math.exp(-(iou * iou) / sigma)
        elif iou > threshold:
            value *= 1 - iou
        left[lists[1][edge]] = value if value >= least else -np.inf
