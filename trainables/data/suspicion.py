"""Labels that a trial's detections contradict, and how much: a ranking for a person who has an hour to look at boxes.

The detections must be of images that the trial did not train on; a detector repeats the labels that it has learned,
the wrong ones too. A detection's *trust* is how often one of its class with its score agrees with a label (isotonic
regression; over all classes where one has few). A label's *due* is the trust that labels of its class and size earn on
average, its own left out. There are four kinds:

    missed         the label's due, less the trust of whatever found it
    badly placed   trust of its detection, times how far their IoU falls short of what such labels usually reach
    wrong class    trust of a detection of another class in its place, times the doubt in its own class
    not labelled   trust of a detection where no label is

All four lie between 0 and 1 and mean much the same: how sure the trial would be to bet against the label. A label has
the kind that is strongest. Pure; knows no files and no pictures.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import isotonic_regression

from results.boxes import BoolArray, Detections, FloatArray, IntArray, Truth
from trainables.data.size_histogram import SIDE_BREAKS_PX, short_sides_px

FOUND_IOU, NEAR_IOU, COVERED = 0.5, 0.1, 0.5
MISSED, MISPLACED, WRONG_CLASS, UNLABELLED = "missed", "badly placed", "wrong class", "not labelled"
# Below it, what is found is the everyday disagreement of any detector with any label.
WORTH_A_LOOK = 0.1
KINDS = (MISSED, MISPLACED, WRONG_CLASS, UNLABELLED)
_NONE = -1
_ENOUGH = 20
_ENDS: tuple[Literal["left", "right"], ...] = ("left", "right")


@dataclass(frozen=True)
class Suspicion:
    """One label, or place without one, that is worth a look.

    Attributes:
        kind: one of `KINDS`.
        score: 0 to 1, see above.
        truth_row: of the label; None for what is not labelled.
        detection_row: that contradicts it; None for what was missed.
        iou: of the two; None where one is missing.
    """

    kind: str
    score: float
    truth_row: int | None
    detection_row: int | None
    iou: float | None


@dataclass(frozen=True)
class _Pairs:
    """Labels and detections of one image that overlap, as columns of one length P.

    Attributes:
        truth: (P,) rows.
        detection: (P,) rows.
        iou: (P,) from .1 on.
        same_class: (P,).
        free: (D,) detections that overlap no label, and do not lie within one.
    """

    truth: IntArray
    detection: IntArray
    iou: FloatArray
    same_class: BoolArray
    free: BoolArray


@dataclass(frozen=True)
class _Answers:
    """What the detections say to each label: the pair (T,) that is trusted most, -1 for none, and its trust (T,).

    Attributes:
        own: of the label's class, IoU from .5 on.
        near: of the label's class, IoU from .1 on, and of no other label; the own one where there is one.
        other: of another class, IoU from .5 on, and of no label of that class.
    """

    own: tuple[IntArray, FloatArray]
    near: tuple[IntArray, FloatArray]
    other: tuple[IntArray, FloatArray]


def suspicions(truth: Truth, detections: Detections) -> list[Suspicion]:
    """Everything that the detections contradict, most suspicious first; crowds are no labels.

    Args:
        truth: labels in original-image pixels.
        detections: of the same images, after post-processing.
    """
    pairs = _pairs(truth, detections)
    agreeing, repeated = _agreeing(pairs, detections)
    trust = _trust(detections, agreeing, ~repeated)
    answers = _answers(pairs, trust, agreeing, len(truth))
    found = [*_of_labels(truth, pairs, answers), *_unlabelled(detections, pairs.free, trust)]
    return sorted(found, key=lambda one: (-one.score, one.truth_row or 0, one.detection_row or 0))


def overlaps(first_xywh: FloatArray, second_xywh: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(A, B) IoUs, and (A, B) shares of the second boxes that lie within the first; 0 for boxes without area."""
    low = np.maximum(first_xywh[:, None, :2], second_xywh[:, :2])
    high = np.minimum((first_xywh[:, :2] + first_xywh[:, 2:])[:, None], second_xywh[:, :2] + second_xywh[:, 2:])
    common = np.clip(high - low, 0, None).prod(axis=2)
    first, second = first_xywh[:, 2:].prod(axis=1)[:, None], second_xywh[:, 2:].prod(axis=1)
    union = first + second - common
    return _share(common, union), _share(common, np.broadcast_to(second, common.shape))


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    """part / whole, 0 where the whole is."""
    return np.divide(part, whole, where=whole > 0, out=np.zeros_like(part))


def _pairs(truth: Truth, detections: Detections) -> _Pairs:
    free = np.ones(len(detections), dtype=np.bool_)
    columns: list[tuple[IntArray, IntArray, FloatArray]] = []
    for rows, places in _by_image(truth.image_id, detections.image_id):
        iou, covered = overlaps(truth.boxes_xywh[rows], detections.boxes_xywh[places])
        free[places] = (iou < NEAR_IOU).all(axis=0) & (covered < COVERED).all(axis=0)
        row, place = np.nonzero((iou >= NEAR_IOU) & ~truth.is_crowd[rows][:, None])
        columns.append((rows[row], places[place], iou[row, place]))
    empty = np.zeros(0, dtype=np.int64)
    row, place, iou = (np.concatenate(parts) for parts in zip((empty, empty, np.zeros(0)), *columns, strict=True))
    return _Pairs(row, place, iou, truth.category_id[row] == detections.category_id[place], free)


def _by_image(of_truth: IntArray, of_detections: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Rows of labels and of detections, for each image that has both."""
    rows, places = np.argsort(of_truth, kind="stable"), np.argsort(of_detections, kind="stable")
    for image in np.intersect1d(of_truth, of_detections).tolist():
        yield _rows_of(image, rows, of_truth), _rows_of(image, places, of_detections)


def _rows_of(image: int, order: IntArray, image_id: IntArray) -> IntArray:
    low, high = (int(np.searchsorted(image_id, image, side=side, sorter=order)) for side in _ENDS)
    return order[low:high]


def _agreeing(pairs: _Pairs, detections: Detections) -> tuple[BoolArray, BoolArray]:
    """(D,) the best-scored detection that finds a label, for each label; and (D,) those that find it once more."""
    found = pairs.same_class & (pairs.iou >= FOUND_IOU)
    best, _ = _most_trusted(pairs, found, detections.scores, int(pairs.truth.max(initial=-1)) + 1)
    agreeing, finding = np.zeros(len(detections), np.bool_), np.zeros(len(detections), np.bool_)
    agreeing[pairs.detection[best[best != _NONE]]] = True
    finding[pairs.detection[found]] = True
    return agreeing, finding & ~agreeing


def _trust(detections: Detections, agreeing: BoolArray, counted: BoolArray) -> FloatArray:
    """(D,) how often a detection with such a score agrees with a label; never falls as the score rises."""
    scores = detections.scores
    trust = _fitted(scores, scores[counted], agreeing[counted])
    for class_ in np.unique(detections.category_id):
        ours = detections.category_id == class_
        if (ours & counted).sum() >= _ENOUGH:
            trust[ours] = _fitted(scores[ours], scores[ours & counted], agreeing[ours & counted])
    return trust


def _fitted(scores: FloatArray, known: FloatArray, agreeing: BoolArray) -> FloatArray:
    if not len(known):
        return np.zeros(len(scores))
    order = np.argsort(known, kind="stable")
    fitted = isotonic_regression(agreeing[order].astype(np.float64)).x
    return np.asarray(np.interp(scores, known[order], fitted), dtype=np.float64)


def _answers(pairs: _Pairs, trust: FloatArray, agreeing: BoolArray, labels: int) -> _Answers:
    own_pairs = pairs.same_class & (pairs.iou >= FOUND_IOU)
    not_anothers = ~agreeing[pairs.detection]
    own = _most_trusted(pairs, own_pairs, trust, labels)
    near = _most_trusted(pairs, pairs.same_class & not_anothers, trust, labels)
    has_own = own[0] != _NONE
    near = (np.where(has_own, own[0], near[0]), np.where(has_own, own[1], near[1]))
    other = _most_trusted(pairs, ~pairs.same_class & (pairs.iou >= FOUND_IOU) & not_anothers, trust, labels)
    return _Answers(own, near, other)


def _most_trusted(pairs: _Pairs, kept: BoolArray, trust: FloatArray, labels: int) -> tuple[IntArray, FloatArray]:
    """(T,) place of the pair whose detection is trusted most, the closest of equals, and that trust."""
    places = np.flatnonzero(kept)
    ordered = places[np.lexsort((pairs.iou[places], trust[pairs.detection[places]]))]
    best, value = np.full(labels, _NONE, dtype=np.int64), np.zeros(labels)
    best[pairs.truth[ordered]] = ordered  # the last one stays
    there = best != _NONE
    value[there] = trust[pairs.detection[best[there]]]
    return best, value


def _of_labels(truth: Truth, pairs: _Pairs, answers: _Answers) -> Iterator[Suspicion]:
    """One for each label, of its strongest kind; labels that nothing contradicts are left out."""
    kinds = _like(truth)
    (_, own), (near_pair, near), (other_pair, other) = answers.own, answers.near, answers.other
    iou = np.where(near_pair == _NONE, 0.0, np.append(pairs.iou, 0.0)[near_pair])
    usual = _mean_of_others(iou, kinds, iou >= FOUND_IOU)
    short = np.clip(1 - np.divide(iou, usual, where=usual > 0, out=np.ones_like(iou)), 0, None)
    due = _mean_of_others(own, kinds, ~truth.is_crowd)
    missed = np.clip(due - np.maximum(np.maximum(own, near), other), 0, None)
    strength = np.stack([missed, near * short, other * (1 - own)])
    strength[:, truth.is_crowd] = 0.0
    pair_of = np.stack([np.full(len(truth), _NONE), near_pair, other_pair])
    for row in np.flatnonzero(strength.max(axis=0, initial=0.0) > 0).tolist():
        kind = int(strength[:, row].argmax())
        pair = int(pair_of[kind, row])
        detection = None if pair == _NONE else int(pairs.detection[pair])
        overlap = None if pair == _NONE else float(pairs.iou[pair])
        yield Suspicion(KINDS[kind], float(strength[kind, row]), row, detection, overlap)


def _like(truth: Truth) -> tuple[IntArray, ...]:
    """Groups of labels that are alike, the narrowest first: by class and size, by class, all."""
    bins = np.searchsorted(np.array(SIDE_BREAKS_PX), short_sides_px(truth), side="right")
    classes = np.unique(truth.category_id, return_inverse=True)[1].astype(np.int64)
    return classes * (len(SIDE_BREAKS_PX) + 1) + bins, classes, np.zeros(len(truth), dtype=np.int64)


def _mean_of_others(values: FloatArray, groups: tuple[IntArray, ...], counted: BoolArray) -> FloatArray:
    """(T,) mean of the counted values of a row's group, without its own; of a wider group where there is no other."""
    found = np.full(len(values), np.nan)
    for group in groups:
        total, count = (np.bincount(group, part)[group] for part in (values * counted, counted.astype(np.float64)))
        others = count - counted
        mean = np.divide(total - values * counted, others, where=others > 0, out=np.full(len(values), np.nan))
        found = np.where(np.isnan(found), mean, found)
    return np.where(np.isnan(found), 0.0, found)


def _unlabelled(detections: Detections, free: BoolArray, trust: FloatArray) -> Iterator[Suspicion]:
    """Detections where no label is, the most trusted of each place."""
    taken: dict[int, list[int]] = {}
    rows = np.flatnonzero(free & (trust > 0))
    for row in rows[np.argsort(-trust[rows], kind="stable")].tolist():
        there = taken.setdefault(int(detections.image_id[row]), [])
        iou, _ = overlaps(detections.boxes_xywh[there], detections.boxes_xywh[[row]])
        if not (iou >= FOUND_IOU).any():
            there.append(row)
            yield Suspicion(UNLABELLED, float(trust[row]), None, row, None)
