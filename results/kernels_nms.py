"""Kernels that suppress duplicates: the overlap graph of a raw set, hard NMS on it, soft-NMS on it.

The graph is made once; any number of settings then runs on it without touching a coordinate. All hard thresholds are
decided in one walk, one bit per threshold. Groups are those of `results.kernels`, rows in a group best score first.
"""

import math

import numpy as np
import numpy.typing as npt

from results.boxes import FloatArray, IntArray
from results.compiled import compiled
from results.kernels import Int32Array, overlap

MaskArray = npt.NDArray[np.uint64]

HARD, LINEAR, GAUSSIAN = 0, 1, 2
BITS = 64


@compiled
def overlap_graph(boxes: FloatArray, start: IntArray) -> tuple[IntArray, IntArray, Int32Array, FloatArray]:
    """All pairs of overlapping boxes within a group.

    Args:
        boxes: grouped (N, 4), xywh.
        start: (groups + 1,).

    Returns:
        edge_start (N + 1,), later (N,), neighbour (E,), iou (E,): row r overlaps the rows
        neighbour[edge_start[r]:edge_start[r + 1]], ascending, those after r from later[r] on.
    """
    rows = boxes.shape[0]
    first, second, ious = _pairs(boxes, start)
    edge_start = np.zeros(rows + 1, dtype=np.int64)
    later = np.zeros(rows, dtype=np.int64)
    for pair in range(first.size):
        edge_start[first[pair] + 1] += 1
        edge_start[second[pair] + 1] += 1
        later[second[pair]] += 1
    for row in range(rows):
        edge_start[row + 1] += edge_start[row]
        later[row] += edge_start[row]
    neighbour = np.empty(2 * first.size, dtype=np.int32)
    iou = np.empty(2 * first.size, dtype=np.float64)
    before = edge_start[:-1].copy()
    after = later.copy()
    for pair in range(first.size):
        low, high = first[pair], second[pair]
        neighbour[after[low]] = high
        iou[after[low]] = ious[pair]
        after[low] += 1
        neighbour[before[high]] = low
        iou[before[high]] = ious[pair]
        before[high] += 1
    return edge_start, later, neighbour, iou


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
                iou = overlap(boxes, row, boxes, other, False)
                if iou > 0:
                    first[count] = row
                    second[count] = other
                    ious[count] = iou
                    count += 1
    return first[:count].copy(), second[:count].copy(), ious[:count].copy()


@compiled
def hard_nms(
    graph: tuple[IntArray, IntArray, Int32Array, FloatArray],
    scores: FloatArray,
    thresholds: FloatArray,
    least: FloatArray,
) -> MaskArray:
    """Greedy class-wise NMS at up to 64 thresholds: a box falls when its IoU with a kept one exceeds the threshold.

    Args:
        graph: what `overlap_graph` returned.
        scores: (N,) grouped, best first within a group.
        thresholds: (S,) ascending.
        least: (S,) scores below it are dropped.

    Returns:
        (N,) bit s is set where threshold s keeps the row.

    Source: torchvision `nms` (strict inequality).
    """
    edge_start, later, neighbour, iou = graph
    one = np.uint64(1)
    alive = _alive_at_first(scores, least)
    lowest = thresholds[0]
    for row in range(scores.size):
        mine = alive[row]
        if mine == 0:
            continue
        for edge in range(later[row], edge_start[row + 1]):
            value = iou[edge]
            if value <= lowest:
                continue
            exceeded = 1
            while exceeded < thresholds.size and value > thresholds[exceeded]:
                exceeded += 1
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
    rows = np.empty(alive.size, dtype=np.int32)
    one = np.uint64(1)
    shift = np.uint64(bit)
    count = 0
    for group in range(start.size - 1):
        end = count + cap
        for row in range(start[group], start[group + 1]):
            if count < end and (alive[row] >> shift) & one:
                rows[count] = row
                count += 1
    return rows[:count].copy()


@compiled
def soft_nms(
    graph: tuple[IntArray, IntArray, Int32Array, FloatArray],
    scores: FloatArray,
    start: IntArray,
    setting: tuple[int, float, float, float],
    cap: int,
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
    kind, threshold, sigma, least = setting
    decayed = scores.copy()
    waiting = np.zeros(scores.size, dtype=np.bool_)
    rows = np.empty(scores.size, dtype=np.int32)
    values = np.empty(scores.size, dtype=np.float64)
    count = 0
    for group in range(start.size - 1):
        head, end = start[group], start[group + 1]
        for row in range(head, end):
            waiting[row] = scores[row] >= least
        room = cap
        while room > 0:
            head, row = _next_best(head, end, scores, decayed, waiting)
            if row < 0:
                break
            waiting[row] = False
            rows[count] = row
            values[count] = decayed[row]
            count += 1
            room -= 1
            _decay(row, graph, decayed, waiting, (kind, threshold, sigma, least))
    return rows[:count].copy(), values[:count].copy()


@compiled
def _next_best(
    head: int, end: int, scores: FloatArray, decayed: FloatArray, waiting: npt.NDArray[np.bool_]
) -> tuple[int, int]:
    """The first row that waits and the best one that does (-1: none).

    Rows stand in the order of their original scores and only decay, so the search stops where no original score is
    above the best found.
    """
    while head < end and not waiting[head]:
        head += 1
    best = -1
    for row in range(head, end):
        if best >= 0 and scores[row] <= decayed[best]:
            break
        if waiting[row] and (best < 0 or decayed[row] > decayed[best]):
            best = row
    return head, best


@compiled
def _decay(
    row: int,
    graph: tuple[IntArray, IntArray, Int32Array, FloatArray],
    decayed: FloatArray,
    waiting: npt.NDArray[np.bool_],
    setting: tuple[int, float, float, float],
) -> None:
    kind, threshold, sigma, least = setting
    for edge in range(graph[0][row], graph[0][row + 1]):
        iou = graph[3][edge]
        if kind == LINEAR and iou <= threshold:
            continue
        other = graph[2][edge]
        if not waiting[other]:
            continue
        if kind == LINEAR:
            decayed[other] *= 1 - iou
        else:
            decayed[other] *= math.exp(-(iou * iou) / sigma)
        if decayed[other] < least:
            waiting[other] = False

