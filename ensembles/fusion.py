"""Weighted boxes fusion with one vote a model: boxes of several models that agree become one, their average.

Scores of different models are compared as they stand. It does not know image
sizes, so it neither clips boxes nor drops those outside.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from results.boxes import BoolArray, Detections, FloatArray, IntArray
from results.compiled import compiled
from results.kernels import group_order, sort_within_groups

Corners: TypeAlias = tuple[float, float, float, float]


def fuse(
    models: Sequence[Detections],
    weights: Sequence[float] | None = None,
    iou_threshold: float = 0.55,
    min_score: float = 0.0,
) -> Detections:
    """Fuses class by class and image by image.

    Boxes are taken by descending weighted score (ties: by model, then input order). Each joins the cluster whose
    current average box it overlaps most, among those that hold no box of its model, if the IoU exceeds
    `iou_threshold`; otherwise it begins a cluster. A cluster's box is the average of its boxes weighted by weight
    times score; its score is

        sum(w_i s_i) / sum of all models' weights

    so that a cluster which only some models see is scored down. A cluster of one box keeps that box to the last bit.

    The original lets boxes of one model join each other. That merges neighbours which the model's own NMS kept on
    purpose, and gives a model that repeats itself the votes of several: on dense truth the fusion of one model scores
    below the model. Where no model gives a cluster more than one box, this is the original's `conf_type="avg"`.

    Args:
        models: one set of detections each, original-image pixels, scores in [0, 1].
        weights: one per model, above 0; equal if left out.
        iou_threshold: in [0, 1].
        min_score: boxes of a lower (unweighted) score are left out.

    Returns:
        Detections in pixels by ascending image and category id, unsorted within. Boxes without area are left out.

    Raises:
        ValueError: no model, a weight that is not finite and above 0, more or fewer weights than models, a threshold
            outside [0, 1], or a box or score that is NaN or out of range.

    Source:
        Solovyev, Wang, Gabruseva: Weighted boxes fusion (2021), section 3; package ensemble-boxes 1.0.9.
    """
    weight_of = _checked_weights(len(models), weights)
    if not 0.0 <= iou_threshold <= 1.0:
        raise ValueError(f"iou_threshold lies in [0, 1], received {iou_threshold}; 0.55 is usual")
    rows = Detections.concatenate(models)
    _check_rows(rows)
    weight = np.repeat(weight_of / weight_of.sum(), [len(model) for model in models])
    taken = (rows.boxes_xywh[:, 2] > 0) & (rows.boxes_xywh[:, 3] > 0) & ~(rows.scores < min_score)
    starts, order = _grouped_order(rows, rows.scores * weight, taken)
    model = np.repeat(np.arange(len(models)), [len(one) for one in models])
    boxes_xywh, scores, first = _fuse_groups(rows.boxes_xywh, rows.scores * weight, model, starts, order, iou_threshold)
    return Detections(rows.image_id[first], rows.category_id[first], boxes_xywh, scores)


def _checked_weights(models: int, weights: Sequence[float] | None) -> FloatArray:
    if models == 0:
        raise ValueError("a fusion has at least one model, received none; give the detections of one or more")
    values = np.ones(models) if weights is None else np.asarray(weights, dtype=np.float64)
    if values.shape != (models,):
        raise ValueError(f"every model has one weight, received {values.size} for {models} models; give one each")
    if not (np.isfinite(values) & (values > 0)).all():
        raise ValueError(f"weights are finite and above 0, received {values.tolist()}; leave out a model instead")
    return values


def _check_rows(detections: Detections) -> None:
    boxes, scores = detections.boxes_xywh, detections.scores
    if np.isfinite(boxes).all() and (boxes[:, 2:] >= 0).all() and ((scores >= 0) & (scores <= 1)).all():
        return
    good = np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] >= 0).all(axis=1) & (scores >= 0) & (scores <= 1)
    row = int(np.argmin(good))
    raise ValueError(
        f"boxes are finite, sizes not negative, scores in [0, 1]; received box {boxes[row].tolist()} with score"
        f" {scores[row]} in row {row}; mend the detections before they are fused"
    )


def _grouped_order(rows: Detections, weighted_scores: FloatArray, taken: BoolArray) -> tuple[IntArray, IntArray]:
    """Where each group of one image and class begins, and the taken rows by group and descending weighted score."""
    _, image = np.unique(rows.image_id, return_inverse=True)
    categories, category = np.unique(rows.category_id, return_inverse=True)
    key = np.where(taken, image * len(categories) + category, -1)
    starts, order = group_order(key, int(key.max(initial=-1)) + 1)
    sort_within_groups(starts, order, weighted_scores)
    return starts, order


@compiled
def _fuse_groups(
    boxes_xywh: FloatArray,
    weighted_scores: FloatArray,
    model: IntArray,
    starts: IntArray,
    order: IntArray,
    iou_threshold: float,
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Clusters of all groups: average boxes (K, 4) xywh, scores (K,) and the row that began each (K,).

    Boxes, weighted scores and model numbers are by input row, and the weights of all models sum to 1; `starts` and
    `order` are what `_grouped_order` gives.
    """
    mean_xyxy = np.empty((len(order), 4))
    # One row a cluster: the sums of share * box (4) and of shares.
    sums = np.zeros((len(order), 5))
    # Which models have a box in each cluster.
    voted = np.zeros((len(order), model.max() + 1 if len(model) else 1), dtype=np.bool_)
    first_row = np.empty(len(order), dtype=np.int64)
    end = 0
    for group in range(len(starts) - 1):
        first = end
        for place in range(starts[group], starts[group + 1]):
            row = order[place]
            box = _corners(boxes_xywh, row)
            chosen = _best_overlap(mean_xyxy[first:end], voted[first:end, model[row]], box, iou_threshold) + first
            if chosen < first:
                chosen = end
                mean_xyxy[chosen] = box
                first_row[chosen] = row
                end += 1
            _join(mean_xyxy[chosen], sums[chosen], box, weighted_scores[row])
            voted[chosen, model[row]] = True
    fused_xywh = mean_xyxy[:end].copy()
    fused_xywh[:, 2:] -= fused_xywh[:, :2]
    for cluster in range(end):
        if voted[cluster].sum() == 1:  # going through corners costs last bits
            fused_xywh[cluster] = boxes_xywh[first_row[cluster]]
    # Rounding alone can pass 1 by a unit in the last place.
    return fused_xywh, np.minimum(sums[:end, 4], 1.0), first_row[:end].copy()


@compiled
def _corners(boxes_xywh: FloatArray, row: int) -> Corners:
    x, y = boxes_xywh[row, 0], boxes_xywh[row, 1]
    return x, y, x + boxes_xywh[row, 2], y + boxes_xywh[row, 3]


@compiled
def _join(mean_xyxy: FloatArray, sums: FloatArray, box: Corners, share: float) -> None:
    """Adds a box to one cluster, in place."""
    sums[4] += share
    for side in range(4):
        sums[side] += share * box[side]
        if sums[4] > 0.0:  # a cluster of boxes with score 0 keeps its first
            mean_xyxy[side] = sums[side] / sums[4]


@compiled
def _best_overlap(mean_xyxy: FloatArray, voted: BoolArray, box: Corners, iou_threshold: float) -> int:
    """The row with the highest IoU above the threshold whose cluster has no vote yet, the first of equals; else -1."""
    x1, y1, x2, y2 = box
    area = (x2 - x1) * (y2 - y1)
    best, best_iou = -1, iou_threshold
    for row in range(len(mean_xyxy)):
        left, top, right, bottom = mean_xyxy[row, 0], mean_xyxy[row, 1], mean_xyxy[row, 2], mean_xyxy[row, 3]
        # Written without branches and without a division for every pair: half the time of the obvious form.
        width = (right if right < x2 else x2) - (left if left > x1 else x1)
        height = (bottom if bottom < y2 else y2) - (top if top > y1 else y1)
        both = (width if width > 0.0 else 0.0) * (height if height > 0.0 else 0.0)
        union = area + (right - left) * (bottom - top) - both
        if both > best_iou * union and not voted[row]:
            best, best_iou = row, both / union
    return best
