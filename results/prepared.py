"""Truth and detections made ready for scoring: sorted by class, image and score, with their candidate pairs.

Preparing is done once per set; a post-processing setting, a cutoff or a bootstrap replicate only reads it.
This module does not match and knows no post-processing.
"""

from dataclasses import dataclass

import numpy as np

from results.boxes import Detections, FloatArray, IntArray, Truth, check_detections, check_truth
from results.errors import InputError
from results.kernels import Int32Array, candidate_pairs, group_order, sort_within_groups
from results.kernels_ap import ALL_POINTS, INTERPOLATED
from results.rules import Rule

# The largest requirement that an IoU of 1 still meets, as pycocotools has it.
HIGHEST_IOU = 1 - 1e-10
LARGEST_ID_TABLE = 20_000_000


@dataclass(frozen=True)
class PreparedTruth:
    """The truth of one rule, grouped by (class, image), each group's crowds last.

    Attributes:
        category_id: (C,) contest ids of the classes that count, ascending.
        weight: (C,) their weights, as the rule has them.
        image_id: (M,) ascending.
        start: (C * M + 1,) first row of each group.
        boxes: (G, 4) xywh, original-image pixels.
        requirement: (T, G) the IoU to reach.
        is_crowd: (G,) bool.
        count: (C, M) boxes that count, as floats.
    """

    rule: Rule
    category_id: IntArray
    weight: FloatArray
    image_id: IntArray
    start: IntArray
    boxes: FloatArray
    requirement: FloatArray
    is_crowd: np.typing.NDArray[np.bool_]
    count: FloatArray

    @property
    def class_count(self) -> IntArray:
        """(C,) boxes that count."""
        return np.asarray(self.count.sum(axis=1), dtype=np.int64)

    @property
    def ap_kind(self) -> int:
        """The rule's integration as the kernels name it."""
        return ALL_POINTS if self.rule.ap == "all_points" else INTERPOLATED


@dataclass(frozen=True)
class Grouped:
    """Detections grouped by (class, image), best score first, ties in input order.

    Attributes:
        category_id: (C,) ascending.
        image_id: (M,) ascending.
        row: (N,) the input row of each place.
        start: (C * M + 1,) first place of each group.
        class_start: (C + 1,) first place of each class.
        image: (N,) image index, int32.
        boxes: (N, 4) xywh, original-image pixels.
        scores: (N,).
    """

    category_id: IntArray
    image_id: IntArray
    row: IntArray
    start: IntArray
    class_start: IntArray
    image: Int32Array
    boxes: FloatArray
    scores: FloatArray

    def __len__(self) -> int:
        return len(self.scores)


@dataclass(frozen=True)
class PreparedSet:
    """Grouped detections of the counted classes with their candidate truth boxes.

    Attributes:
        pairs: pair_start (N + 1,), the pairs' truth rows and IoUs.
        unscored: how many detections per category id the rule does not count.
    """

    truth: PreparedTruth
    detections: Grouped
    pairs: tuple[IntArray, Int32Array, FloatArray]
    unscored: dict[int, int]

    def __len__(self) -> int:
        return len(self.detections)


def prepare_truth(truth: Truth, rule: Rule) -> PreparedTruth:
    """Groups the truth for `rule`; boxes of classes that the rule does not count are left out.

    Raises:
        InputError: a box is not finite or has a negative size, or an id is unknown.
    """
    check_truth(truth, "truth")
    category_id, weight = _classes(truth, rule)
    image_id = np.sort(truth.images.image_id)
    groups = len(category_id) * len(image_id)
    key = _group_key(truth.category_id, truth.image_id, category_id, image_id)
    start, order = group_order(key, groups)
    crowd_last = order[np.lexsort((truth.is_crowd[order], key[order]))]
    boxes = truth.boxes_xywh[crowd_last]
    is_crowd = truth.is_crowd[crowd_last]
    counted = np.bincount(key[crowd_last][~is_crowd], minlength=groups).astype(np.float64)
    return PreparedTruth(
        rule=rule,
        category_id=category_id,
        weight=weight,
        image_id=image_id,
        start=start,
        boxes=boxes,
        requirement=np.minimum(rule.requirement.of_boxes(boxes), HIGHEST_IOU),
        is_crowd=is_crowd,
        count=counted.reshape(len(category_id), len(image_id)),
    )


def prepare(truth: PreparedTruth, detections: Detections) -> PreparedSet:
    """Sorts the detections and finds their candidate truth boxes.

    Detections of categories that the rule does not count are left out and counted in `unscored`.

    Raises:
        InputError: a box or score is not finite, a size is negative, or an image is not in the truth (names the row).
    """
    _check_images(detections, truth.image_id)
    grouped = group(detections, truth.category_id, truth.image_id)
    lowest = truth.requirement.min(axis=0)
    return PreparedSet(
        truth=truth,
        detections=grouped,
        pairs=candidate_pairs(grouped.boxes, grouped.start, truth.boxes, truth.start, truth.is_crowd, lowest),
        unscored=_unscored(detections, truth.category_id),
    )


def group(detections: Detections, category_id: IntArray, image_id: IntArray) -> Grouped:
    """Sorts detections by class, image and score; rows of other classes or images are left out.

    Args:
        detections: in any order.
        category_id: (C,) ascending.
        image_id: (M,) ascending.

    Raises:
        InputError: a box or score is not finite, or a size is negative (names the row).
    """
    check_detections(detections, "detections")
    images = len(image_id)
    key = _group_key(detections.category_id, detections.image_id, category_id, image_id)
    start, order = group_order(key, len(category_id) * images)
    sort_within_groups(start, order, np.array(detections.scores))
    return Grouped(
        category_id=category_id,
        image_id=image_id,
        row=order,
        start=start,
        class_start=start[np.arange(len(category_id) + 1) * images],
        image=(key[order] % max(images, 1)).astype(np.int32),
        boxes=detections.boxes_xywh[order],
        scores=detections.scores[order],
    )


def _unscored(detections: Detections, category_id: IntArray) -> dict[int, int]:
    outside = index_of(detections.category_id, category_id) < 0
    ids, amount = np.unique(detections.category_id[outside], return_counts=True)
    return dict(zip(ids.tolist(), amount.tolist(), strict=True))


def _classes(truth: Truth, rule: Rule) -> tuple[IntArray, FloatArray]:
    """Contest ids, ascending, and their weights."""
    weight_of = {category.id: category.weight for category in rule.categories}
    if not weight_of:
        weight_of = {category.id: 1.0 for category in truth.categories}
    ids = sorted(weight_of)
    return np.array(ids, dtype=np.int64), np.array([weight_of[id_] for id_ in ids])


def _check_images(detections: Detections, image_id: IntArray) -> None:
    unknown = index_of(detections.image_id, image_id) < 0
    if unknown.any():
        row = int(np.argmax(unknown))
        received = f"detections: row {row}: image_id {detections.image_id[row]} ({int(unknown.sum())} such rows)"
        raise InputError("every detection's image is in the truth", received, "give the truth of these detections")


def _group_key(category: IntArray, image: IntArray, category_id: IntArray, image_id: IntArray) -> IntArray:
    """Group of each row, class * images + image; -1 where class or image is none of the given."""
    class_index = index_of(category, category_id)
    image_index = index_of(image, image_id)
    return np.where((class_index < 0) | (image_index < 0), -1, class_index * len(image_id) + image_index)


def index_of(values: IntArray, ids: IntArray) -> IntArray:
    """Place of each value in `ids` (distinct, any order), -1 where it is none of them."""
    if not len(ids) or not len(values):
        return np.full(len(values), -1, dtype=np.int64)
    low, high = int(ids.min()), int(ids.max())
    if high - low < LARGEST_ID_TABLE:
        places = np.full(high - low + 2, -1, dtype=np.int64)
        places[ids - low] = np.arange(len(ids))
        inside = (values >= low) & (values <= high)
        return places[np.where(inside, values - low, high - low + 1)]
    order = np.argsort(ids)
    near = order[np.minimum(np.searchsorted(ids[order], values), len(ids) - 1)]
    return np.where(ids[near] == values, near, -1)
