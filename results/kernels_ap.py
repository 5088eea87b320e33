"""Kernels from match bits to average precision, plain and weighted by image (for bootstraps).

An AP only depends on how many false positives stand before each true positive: the plain kernel reads ranks, and the
weighted one walks the images of the rows in between, which may stand in any order. Matching is `results.kernels_match`.
"""

import numpy as np

from results.boxes import FloatArray, IntArray
from results.compiled import compiled
from results.kernels import Int32Array, MaskArray

ALL_POINTS, INTERPOLATED = 0, 1
Events = tuple[IntArray, Int32Array, MaskArray, MaskArray]
Integration = tuple[int, FloatArray, int]


@compiled
def average_precisions(
    start: IntArray,
    rank: Int32Array,
    bits: tuple[MaskArray, MaskArray],
    truth_count: IntArray,
    integration: Integration,
) -> FloatArray:
    """AP per level and class.

    Args:
        start: (C + 1,) first candidate of each class.
        rank: (K',) of each candidate among the rows of its class, 1 for the best.
        bits: masks of the levels at which a candidate is a true positive and is ignored (K',).
        truth_count: (C,) truth boxes that count.
        integration: ALL_POINTS or INTERPOLATED, the recalls to interpolate at, ascending, and the levels T.

    Returns:
        (T, C), NaN for a class without truth.
    """
    hit, ignored = bits
    levels = integration[2]
    classes = truth_count.size
    result = np.full((levels, classes), np.nan)
    most = truth_count.max() if classes else 0
    precision = np.empty(most, dtype=np.float64)
    weight = np.ones(most, dtype=np.float64)
    one = np.uint64(1)
    for group in range(classes):
        if truth_count[group] == 0:
            continue
        for level in range(levels):
            shift = np.uint64(level)
            hits = 0
            passed = 0
            for place in range(start[group], start[group + 1]):
                if (hit[place] >> shift) & one:
                    hits += 1
                    precision[hits - 1] = hits / (rank[place] - passed)
                elif (ignored[place] >> shift) & one:
                    passed += 1
            result[level, group] = area(precision, weight, hits, truth_count[group], integration)
    return result


@compiled
def area(precision: FloatArray, weight: FloatArray, hits: int, total: float, integration: Integration) -> float:
    """Area under the precision envelope of `hits` true positives; overwrites `precision` with the envelope.

    Args:
        precision: at each true positive, best score first.
        weight: how often each true positive counts.
        hits: how many true positives there are.
        total: the truth's total weight, above 0.
        integration: ALL_POINTS or INTERPOLATED, the recalls to interpolate at, ascending, and the levels T.
    """
    kind, points, _ = integration
    for place in range(hits - 2, -1, -1):
        precision[place] = max(precision[place], precision[place + 1])
    summed = 0.0
    if kind == ALL_POINTS:
        for place in range(hits):
            summed += weight[place] * precision[place]
        return summed / total
    point = 0
    found = 0.0
    for place in range(hits):
        found += weight[place]
        recall = found / total
        while point < points.size and points[point] <= recall:
            summed += precision[place]
            point += 1
    return summed / points.size


@compiled
def event_lists(
    rows: Int32Array, slot: Int32Array, ranked_start: IntArray, bits: tuple[Int32Array, MaskArray, MaskArray]
) -> Events:
    """What a bootstrap replicate walks through: each class's rows, best score first.

    Rows after a class's last true positive are left out; rows between two candidates stand in any order.

    Args:
        rows: (L,) the rows that are there.
        slot: (N,) from `kernels_match.slots`.
        ranked_start: (C + 1,) first candidate of each class.
        bits: (K',) numbers of the candidates that are there, in rank order, and their two masks.

    Returns:
        event_start (C + 1,), row (E,), and the masks of levels where the event is a true positive and is ignored.
    """
    total = ranked_start[-1]
    place_of = np.full(total, -1, dtype=np.int64)
    for place in range(bits[0].size):
        place_of[bits[0][place]] = place
    others = _others(rows, slot, total, ranked_start)
    event_start, at_other, at_candidate = _event_places(others, place_of, bits[1], ranked_start)
    row_of = np.empty(event_start[-1], dtype=np.int32)
    hit = np.zeros(row_of.size, dtype=np.uint64)
    ignored = np.zeros(row_of.size, dtype=np.uint64)
    for place in range(rows.size):
        at = slot[rows[place]]
        if at < 0:
            event = at_candidate[-1 - at]
            if event >= 0:
                row_of[event] = rows[place]
                hit[event] = bits[1][place_of[-1 - at]]
                ignored[event] = bits[2][place_of[-1 - at]]
        elif at_other[at] >= 0:
            row_of[at_other[at]] = rows[place]
            at_other[at] += 1
    return event_start, row_of, hit, ignored


@compiled
def _others(rows: Int32Array, slot: Int32Array, total: int, ranked_start: IntArray) -> Int32Array:
    """How many rows that are no candidates stand in each slot."""
    counts = np.zeros(total + ranked_start.size, dtype=np.int32)
    for place in range(rows.size):
        if slot[rows[place]] >= 0:
            counts[slot[rows[place]]] += 1
    return counts


@compiled
def _event_places(
    others: Int32Array, place_of: IntArray, hit: MaskArray, ranked_start: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """First event of each class, slot and candidate; -1 for what stands after the last true positive."""
    event_start = np.zeros(ranked_start.size, dtype=np.int64)
    at_other = np.full(others.size, -1, dtype=np.int64)
    at_candidate = np.full(place_of.size, -1, dtype=np.int64)
    end = 0
    for group in range(ranked_start.size - 1):
        last = ranked_start[group] - 1
        for number in range(ranked_start[group], ranked_start[group + 1]):
            if place_of[number] >= 0 and hit[place_of[number]] != 0:
                last = number
        for number in range(ranked_start[group], last + 1):
            at_other[number + group] = end
            end += others[number + group]
            if place_of[number] >= 0:
                at_candidate[number] = end
                end += 1
        event_start[group + 1] = end
    return event_start, at_other, at_candidate


@compiled
def weighted_average_precisions(
    weights: FloatArray, events: Events, totals: FloatArray, integration: Integration
) -> FloatArray:
    """AP per replicate and class, averaged over levels, with images weighted.

    Args:
        weights: (B, M) how often each image was drawn.
        events: what `event_lists` returned, with each row's image in its place.
        totals: (B, C) the weight of the truth boxes that count.
        integration: ALL_POINTS or INTERPOLATED, the recalls to interpolate at, ascending, and the levels T.

    Returns:
        (B, C), NaN where a replicate holds no truth of the class.
    """
    result = np.full(totals.shape, np.nan)
    bits, class_start = _matched_events(events)
    seen = np.empty(bits[0].size, dtype=np.float64)
    mass = np.empty(bits[0].size, dtype=np.float64)
    precision = np.empty(bits[0].size, dtype=np.float64)
    hit_weight = np.empty(bits[0].size, dtype=np.float64)
    for replicate in range(totals.shape[0]):
        for group in range(totals.shape[1]):
            if totals[replicate, group] <= 0:
                continue
            first, last = class_start[group], class_start[group + 1]
            _walk(weights[replicate], events, group, (bits[0], first, last), (seen, mass))
            summed = 0.0
            for level in range(integration[2]):
                hits = _weighted_curve((seen, mass), bits, (first, last, level), precision, hit_weight)
                summed += area(precision, hit_weight, hits, totals[replicate, group], integration)
            result[replicate, group] = summed / integration[2]
    return result


@compiled
def _matched_events(events: Events) -> tuple[tuple[IntArray, MaskArray, MaskArray], IntArray]:
    """The events that are a true positive or ignored somewhere, with their masks; and each class's first of them."""
    event_start, _, hit, ignored = events
    which = np.flatnonzero(hit | ignored)
    return (which, hit[which], ignored[which]), np.searchsorted(which, event_start)


@compiled
def _walk(
    drawn: FloatArray,
    events: Events,
    group: int,
    span: tuple[IntArray, int, int],
    sums: tuple[FloatArray, FloatArray],
) -> None:
    """Sums the weights of a class's rows up to each matched event, and notes the event's own."""
    which, place, last = span
    seen = 0.0
    event = events[0][group]
    while place < last:
        until = which[place]
        while event <= until:
            seen += drawn[events[1][event]]
            event += 1
        sums[0][place] = seen
        sums[1][place] = drawn[events[1][until]]
        place += 1


@compiled
def _weighted_curve(
    sums: tuple[FloatArray, FloatArray],
    bits: tuple[IntArray, MaskArray, MaskArray],
    span: tuple[int, int, int],
    precision: FloatArray,
    hit_weight: FloatArray,
) -> int:
    """Fills precision and weight at each true positive of one curve; returns how many there are."""
    shift = np.uint64(span[2])
    one = np.uint64(1)
    hits = 0
    found = 0.0
    passed = 0.0
    for place in range(span[0], span[1]):
        mass = sums[1][place]
        if (bits[1][place] >> shift) & one:
            if mass > 0:
                found += mass
                precision[hits] = found / (sums[0][place] - passed)
                hit_weight[hits] = mass
                hits += 1
        elif (bits[2][place] >> shift) & one:
            passed += mass
    return hits
