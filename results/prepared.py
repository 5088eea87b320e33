"""Truth and detections made ready for scoring: sorted by class, image and score, with their candidate pairs.

Preparing is done once per set; a post-processing setting, a cutoff or a bootstrap replicate only reads it.
This module does not match and knows no post-processing.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from results.boxes import Detections, FloatArray, IntArray, Truth, check_detections, check_truth
from results.errors import InputError
from results.kernels import (
    Int32Array,
    all_sound,
    group_keys,
    group_order,
    look_up,
    most_in_one,
    sort_within_groups,
)
from results.kernels_ap import ALL_POINTS, INTERPOLATED, Integration
from results.kernels_match import Pairs, candidate_pairs, rank_candidates, reordered_pairs, slots
from results.kernels_nms import Graph
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

    @cached_property
    def class_count(self) -> IntArray:
        """(C,) boxes that count."""
        return np.asarray(self.count.sum(axis=1), dtype=np.int64)

    @cached_property
    def integration(self) -> Integration:
        """The rule's integration as the kernels take it."""
        kind = ALL_POINTS if self.rule.ap == "all_points" else INTERPOLATED
        return kind, self.rule.recall_points(), self.rule.requirement.count


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

    def class_of(self) -> Int32Array:
        """(N,) class index of each place."""
        return np.repeat(np.arange(len(self.category_id), dtype=np.int32), np.diff(self.class_start))


@dataclass(frozen=True)
class Candidates:
    """The detections that can match, numbered by class and descending score; ties by image, then row.

    Attributes:
        start: (C + 1,) first candidate of each class.
        pairs: pair_start (K + 1,), truth rows and level masks, as `kernels_match.candidate_pairs` makes them.
        slot: (N,) where each detection stands among them, as `kernels_match.slots` has it.
    """

    start: IntArray
    pairs: Pairs
    slot: Int32Array


@dataclass(frozen=True)
class Located:
    """Detections in input order with their places in a prepared truth; -1 for a class that does not count.

    Attributes:
        class_of: (N,) int32.
        image_of: (N,) int32.
    """

    boxes: FloatArray
    scores: FloatArray
    class_of: Int32Array
    image_of: Int32Array

    def most_in_one_image(self, images: int) -> int:
        """The most detections of one image, all classes together."""
        return most_in_one(self.image_of, images)


@dataclass(frozen=True)
class PreparedSet:
    """Grouped detections of the counted classes with their candidate truth boxes.

    Attributes:
        unscored: how many detections per category id the rule does not count.
        graph: the overlap graph where it is known already.
    """

    truth: PreparedTruth
    detections: Grouped
    candidates: Candidates
    unscored: dict[int, int]
    graph: Graph | None = None

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
    class_of, image_of = index_of(truth.category_id, category_id), index_of(truth.image_id, image_id)
    key = group_keys(class_of, image_of, len(image_id))
    # Doubled keys put each group's crowds last in one counting sort.
    start, order = group_order(np.where(key < 0, -1, 2 * key + truth.is_crowd), 2 * groups)
    boxes = np.ascontiguousarray(truth.boxes_xywh[order])
    counted = np.diff(start)[0::2].astype(np.float64)
    return PreparedTruth(
        rule=rule,
        category_id=category_id,
        weight=weight,
        image_id=image_id,
        start=np.ascontiguousarray(start[0::2]),
        boxes=boxes,
        requirement=np.minimum(rule.requirement.of_boxes(boxes), HIGHEST_IOU),
        is_crowd=truth.is_crowd[order],
        count=counted.reshape(len(category_id), len(image_id)),
    )


def prepare(truth: PreparedTruth, detections: Detections) -> PreparedSet:
    """Sorts the detections and finds their candidate truth boxes.

    Detections of categories that the rule does not count are left out and counted in `unscored`.

    Raises:
        InputError: a box or score is not finite, a size is negative, or an image is not in the truth (names the row).
    """
    return prepare_grouped(truth, _grouped(truth.category_id, truth.image_id, locate(truth, detections)), detections)


def prepare_grouped(truth: PreparedTruth, grouped: Grouped, detections: Detections) -> PreparedSet:
    """Finds the candidates of detections that are grouped already; `detections` are what they were made from."""
    class_of = grouped.class_of()
    located = Located(grouped.boxes, grouped.scores, class_of, grouped.image)
    return PreparedSet(truth, grouped, find_candidates(truth, located), _unscored(detections, truth.category_id))


def locate(truth: PreparedTruth, detections: Detections) -> Located:
    """Checks detections and finds each one's class and image.

    Raises:
        InputError: a box or score is not finite, a size is negative, or an image is not in the truth (names the row).
    """
    located = _located(detections, truth.category_id, truth.image_id)
    unknown = located.image_of < 0
    if unknown.any():
        row = int(np.argmax(unknown))
        received = f"detections: row {row}: image_id {detections.image_id[row]} ({int(unknown.sum())} such rows)"
        raise InputError("every detection's image is in the truth", received, "give the truth of these detections")
    return located


def find_candidates(truth: PreparedTruth, located: Located) -> Candidates:
    """The detections that meet some truth box's requirement, ranked, and where all others stand among them."""
    key = group_keys(located.class_of, located.image_of, len(truth.image_id))
    rows, pair_start, pair_box, pair_met = candidate_pairs(
        located.boxes, key, (truth.boxes, truth.start, truth.is_crowd), truth.requirement, truth.rule.strict
    )
    columns = (located.scores, located.class_of, located.image_of)
    start, order = rank_candidates(rows, *columns, len(truth.category_id))
    return Candidates(
        start, reordered_pairs(order, pair_start, pair_box, pair_met), slots(*columns, start, rows[order])
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
    return _grouped(category_id, image_id, _located(detections, category_id, image_id))


def _located(detections: Detections, category_id: IntArray, image_id: IntArray) -> Located:
    # Kernels are compiled for writable arrays; memory-mapped columns are not.
    boxes, scores = (
        np.require(column, requirements=("C", "W")) for column in (detections.boxes_xywh, detections.scores)
    )
    if not all_sound(boxes, scores):
        check_detections(detections, "detections")
    class_of, image_of = index_of(detections.category_id, category_id), index_of(detections.image_id, image_id)
    return Located(boxes, scores, class_of, image_of)


def _grouped(category_id: IntArray, image_id: IntArray, located: Located) -> Grouped:
    images = len(image_id)
    key = group_keys(located.class_of, located.image_of, images)
    start, order = group_order(key, len(category_id) * images)
    sort_within_groups(start, order, located.scores)
    return Grouped(
        category_id=category_id,
        image_id=image_id,
        row=order,
        start=start,
        class_start=start[np.arange(len(category_id) + 1) * images],
        image=located.image_of[order],
        boxes=located.boxes[order],
        scores=located.scores[order],
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


def index_of(values: IntArray, ids: IntArray) -> Int32Array:
    """Place of each value in `ids` (distinct, any order), -1 where it is none of them."""
    if not len(ids) or not len(values):
        return np.full(len(values), -1, dtype=np.int32)
    low, high = int(ids.min()), int(ids.max())
    if high - low < LARGEST_ID_TABLE:
        places = np.full(high - low + 1, -1, dtype=np.int32)
        places[ids - low] = np.arange(len(ids), dtype=np.int32)
        return look_up(np.require(values, requirements=("C", "W")), low, places)
    order = np.argsort(ids)
    near = order[np.minimum(np.searchsorted(ids[order], values), len(ids) - 1)]
    return np.where(ids[near] == values, near, -1).astype(np.int32)
