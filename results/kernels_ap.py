"""Kernels from match codes to average precision, plain and weighted by image (for bootstraps).

An AP only depends on how many false positives stand before each true positive, so no kernel here sorts all scores: rows
are put into the buckets between a few *anchors* (the rows that can be true positives), and rows after the last anchor
are dropped. Matching is `results.kernels`.
"""

import numpy as np

from results.boxes import BoolArray, FloatArray, IntArray
from results.compiled import compiled
from results.kernels import CodeArray, Int32Array

ALL_POINTS, INTERPOLATED = 0, 1


@compiled
def rank_by_anchors(scores: FloatArray, is_anchor: BoolArray, class_start: IntArray) -> tuple[IntArray, Int32Array]:
    """Orders each class's rows by descending score as far as an AP can see it.

    Anchors are in exact order (ties: by place, which is image, then order within the image); other rows stand between
    the right anchors in any order; rows after a class's last anchor are left out.

    Args:
        scores: (L,) in evaluation order.
        is_anchor: (L,) rows that are a true positive at some level.
        class_start: (C + 1,) places where classes begin.

    Returns:
        ranked_start (C + 1,) and ranked, places in `scores`.
    """
    ranked_start = np.zeros(class_start.size, dtype=np.int64)
    ranked = np.empty(scores.size, dtype=np.int32)
    bucket = np.empty(scores.size, dtype=np.int32)
    for group in range(class_start.size - 1):
        low, high = class_start[group], class_start[group + 1]
        places = low + np.flatnonzero(is_anchor[low:high])
        places = places[np.argsort(-scores[places], kind="mergesort")]
        end = _fill_buckets(scores, is_anchor, (low, high), places, bucket)
        ranked_start[group + 1] = _emit(bucket, places, end, (low, high), ranked, ranked_start[group])
    return ranked_start, ranked[: ranked_start[-1]].copy()


@compiled
def _fill_buckets(
    scores: FloatArray, is_anchor: BoolArray, span: tuple[int, int], places: IntArray, bucket: Int32Array
) -> IntArray:
    """Numbers of rows per bucket; bucket k holds what stands before anchor k and after anchor k - 1."""
    anchor_scores = scores[places]
    sizes = np.zeros(places.size + 1, dtype=np.int64)
    for place in range(span[0], span[1]):
        if is_anchor[place]:
            bucket[place] = -1
            continue
        low, high = 0, places.size
        score = scores[place]
        while low < high:
            middle = (low + high) >> 1
            other = anchor_scores[middle]
            if other > score or (other == score and places[middle] < place):
                low = middle + 1
            else:
                high = middle
        bucket[place] = low
        sizes[low] += 1
    return sizes


@compiled
def _emit(
    bucket: Int32Array, places: IntArray, sizes: IntArray, span: tuple[int, int], ranked: Int32Array, first: int
) -> int:
    """Writes a class's rows bucket by bucket, each bucket followed by its anchor; returns where it ended."""
    at = np.empty(places.size, dtype=np.int64)
    end = first
    for anchor in range(places.size):
        at[anchor] = end
        end += sizes[anchor]
        ranked[end] = places[anchor]
        end += 1
    for place in range(span[0], span[1]):
        which = bucket[place]
        if 0 <= which < places.size:
            ranked[at[which]] = place
            at[which] += 1
    return end


@compiled
def average_precisions(
    codes: CodeArray, ranked_start: IntArray, ranked: Int32Array, truth_count: IntArray, kind: int, points: FloatArray
) -> FloatArray:
    """AP per level and class.

    Args:
        codes: (T, L) match codes in evaluation order.
        ranked_start: (C + 1,) from `rank_by_anchors`.
        ranked: places in `codes`, from `rank_by_anchors`.
        truth_count: (C,) truth boxes that count.
        kind: ALL_POINTS or INTERPOLATED at `points`.
        points: recalls to interpolate at, ascending.

    Returns:
        (T, C), NaN for a class without truth.
    """
    classes = truth_count.size
    result = np.full((codes.shape[0], classes), np.nan)
    most = truth_count.max() if classes else 0
    precision = np.empty(most, dtype=np.float64)
    weight = np.ones(most, dtype=np.float64)
    for level in range(codes.shape[0]):
        for group in range(classes):
            if truth_count[group] == 0:
                continue
            hits = 0
            misses = 0
            for position in range(ranked_start[group], ranked_start[group + 1]):
                code = codes[level, ranked[position]]
                if code == 1:
                    hits += 1
                    precision[hits - 1] = hits / (hits + misses)
                elif code == 0:
                    misses += 1
            result[level, group] = area(precision, weight, hits, truth_count[group], kind, points)
    return result


@compiled
def area(precision: FloatArray, weight: FloatArray, hits: int, total: float, kind: int, points: FloatArray) -> float:
    """Area under the precision envelope of `hits` true positives; overwrites `precision` with the envelope.

    Args:
        precision: at each true positive, best score first.
        weight: how often each true positive counts.
        hits: how many true positives there are.
        total: the truth's total weight, above 0.
        kind: ALL_POINTS or INTERPOLATED at `points`.
        points: recalls to interpolate at, ascending.
    """
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
    codes: CodeArray, ranked_start: IntArray, ranked: Int32Array, image: Int32Array
) -> tuple[IntArray, Int32Array, BoolArray]:
    """What a bootstrap replicate walks through: per (level, class) the images of the rows, best score first.

    Ignored rows and rows after the last true positive are left out.

    Args:
        codes: (T, L) match codes in evaluation order.
        ranked_start: (C + 1,) from `rank_by_anchors`.
        ranked: places in `codes`, from `rank_by_anchors`.
        image: (L,) image index of each row in evaluation order.

    Returns:
        event_start (T * C + 1,), the events' images, and whether each is a true positive.
    """
    levels, classes = codes.shape[0], ranked_start.size - 1
    event_start = np.zeros(levels * classes + 1, dtype=np.int64)
    event_image = np.empty(levels * ranked.size, dtype=np.int32)
    event_hit = np.empty(levels * ranked.size, dtype=np.bool_)
    for level in range(levels):
        for group in range(classes):
            end = event_start[level * classes + group]
            last_hit = end
            for position in range(ranked_start[group], ranked_start[group + 1]):
                code = codes[level, ranked[position]]
                if code > 1:
                    continue
                event_image[end] = image[ranked[position]]
                event_hit[end] = code == 1
                end += 1
                if code == 1:
                    last_hit = end
            event_start[level * classes + group + 1] = last_hit
    total = event_start[-1]
    return event_start, event_image[:total].copy(), event_hit[:total].copy()


@compiled
def weighted_average_precisions(
    weights: FloatArray,
    events: tuple[IntArray, Int32Array, BoolArray],
    totals: FloatArray,
    kind: int,
    points: FloatArray,
) -> FloatArray:
    """AP per replicate and class, averaged over levels, with images weighted.

    Args:
        weights: (B, M) how often each image was drawn.
        events: what `event_lists` returned.
        totals: (B, C) the weight of the truth boxes that count.
        kind: ALL_POINTS or INTERPOLATED at `points`.
        points: recalls to interpolate at, ascending.

    Returns:
        (B, C), NaN where a replicate holds no truth of the class.
    """
    classes = totals.shape[1]
    levels = (events[0].size - 1) // classes
    result = np.full(totals.shape, np.nan)
    precision = np.empty(events[1].size, dtype=np.float64)
    hit_weight = np.empty(events[1].size, dtype=np.float64)
    for replicate in range(totals.shape[0]):
        for group in range(classes):
            total = totals[replicate, group]
            if total <= 0:
                continue
            summed = 0.0
            for level in range(levels):
                hits = _weighted_curve(weights[replicate], events, level * classes + group, precision, hit_weight)
                summed += area(precision, hit_weight, hits, total, kind, points)
            result[replicate, group] = summed / levels
    return result


@compiled
def _weighted_curve(
    drawn: FloatArray,
    events: tuple[IntArray, Int32Array, BoolArray],
    curve: int,
    precision: FloatArray,
    hit_weight: FloatArray,
) -> int:
    """Fills precision and weight at each true positive of one curve; returns how many there are."""
    event_start, event_image, event_hit = events
    hits = 0
    found = 0.0
    seen = 0.0
    for event in range(event_start[curve], event_start[curve + 1]):
        weight = drawn[event_image[event]]
        seen += weight
        if event_hit[event]:
            found += weight
            precision[hits] = found / seen if seen > 0 else 0.0
            hit_weight[hits] = weight
            hits += 1
    return hits
