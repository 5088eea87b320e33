"""Score cutoffs per class that lose nothing: a sliver of the tail without a true positive, checked across folds.

A cutoff keeps a prefix of a class's list, so it never raises an AP; it only makes a submission smaller. The largest
cutoff that is free on the images it was fitted on is not free on others: low boxes find a missed truth box by accident
at every score, so a tail without a true positive says little about the next set's. What cutting more costs is shown by
`results.tradeoff`; which cutoffs pay under rules that charge for false alarms is `results.charged`.
"""

from dataclasses import dataclass

import numpy as np

from results.boxes import BoolArray, FloatArray, IntArray
from results.prepared import PreparedTruth
from results.scoring import Kept, Matched, match, subset
from results.uncertainty import replicate_aps

TOLERANCE = 1e-4
# That another set of the same size loses anything at all. Larger ones lost something on 1 of 16 fresh draws.
LOSS_PROBABILITY = 2e-4
FOLDS = 5
FEWEST_FOLDS = 2
UPPER = 0.95
NO_CUTOFF = 0.0


@dataclass(frozen=True)
class Cutoffs:
    """Score cutoffs of the classes.

    Attributes:
        value: (C,) detections below are dropped; 0 where none is applied.
        upper_cost: (C,) upper bound of the cross-fitted cost in AP; NaN where nothing was fitted.
    """

    value: FloatArray
    upper_cost: FloatArray


def no_cutoffs(truth: PreparedTruth) -> Cutoffs:
    """No class is cut."""
    classes = len(truth.category_id)
    return Cutoffs(np.full(classes, NO_CUTOFF), np.full(classes, np.nan))


def tolerance_cutoffs(matched: Matched, weights: FloatArray, folds: IntArray) -> Cutoffs:
    """Per class the largest cutoff that another set would most likely lose nothing by, else none.

    It is applied only where the upper bound of its cross-fitted cost stays under 1e-4 AP. That bound alone is not
    enough: it never sees what these images do not hold (`_free_cutoffs` says what is asked in addition).

    Args:
        matched: the detections that may be cut.
        weights: (B, M) from `uncertainty.image_weights`, for the bound.
        folds: (M,) fold of each image, from `image_folds`.
    """
    fold_count = int(folds.max()) + 1 if len(folds) else 0
    if fold_count < FEWEST_FOLDS:
        return no_cutoffs(matched.prepared.truth)
    fitted = np.array([_free_cutoffs(matched, folds != fold) for fold in range(fold_count)])
    upper = _cross_fitted_cost(matched, fitted, folds, weights)
    return Cutoffs(np.where(upper < TOLERANCE, _free_cutoffs(matched, folds >= 0), NO_CUTOFF), upper)


def image_folds(images: int, seed: int, group: IntArray | None = None, folds: int = FOLDS) -> IntArray:
    """A random fold for each image (images,); images of one group share it."""
    member = np.arange(images) if group is None else np.unique(group, return_inverse=True)[1]
    groups = int(member.max()) + 1 if images else 0
    return np.asarray(np.random.default_rng(seed).permutation(groups)[member] % folds, dtype=np.int64)


def cut(matched: Matched, value: FloatArray) -> Kept:
    """What is left of each class at its cutoff (C,)."""
    return subset(matched.kept, matched.kept.scores >= value[_class_of(matched.kept)])


def _free_cutoffs(matched: Matched, inside: BoolArray) -> FloatArray:
    """Cutoffs (C,) that drop `LOSS_PROBABILITY` of the share of boxes below which no class has a true positive.

    The share is the same for all classes, counted in the boxes of each on the images `inside` (M,). Where true
    positives stand among the boxes is exchangeable between sets: that another set of this size has one in such a part
    of the tail is about as probable as the part is small, whatever the scores look like.
    """
    rows = matched.row_bits()
    there = inside[rows.image]
    spans = [slice(low, high) for low, high in zip(rows.class_start[:-1], rows.class_start[1:], strict=True)]
    tails = [_tail_share(rows.scores[span][there[span]], rows.hit[span][there[span]] != 0) for span in spans]
    share = LOSS_PROBABILITY * min(tails, default=0.0)
    return np.array([_at_share(rows.scores[span][there[span]], share) for span in spans])


def _tail_share(scores: FloatArray, hit: BoolArray) -> float:
    """The share of boxes whose scores are below every true positive; all of them where there is none."""
    return float((scores < scores[hit].min(initial=np.inf)).mean()) if len(scores) else 1.0


def _at_share(scores: FloatArray, share: float) -> float:
    """The cutoff that drops `share` of the scores, to the nearest box; 0 where that is none."""
    dropped = round(share * len(scores))
    return float(np.partition(scores, dropped)[dropped]) if dropped else NO_CUTOFF


def _cross_fitted_cost(matched: Matched, fitted: FloatArray, folds: IntArray, weights: FloatArray) -> FloatArray:
    """Upper bound (C,) of the AP that cutoffs cost on images they were not fitted on.

    Args:
        matched: the detections that may be cut.
        fitted: (folds, C) the cutoff that the other folds gave.
        folds: (M,) fold of each image.
        weights: (B, M) of the bootstrap.
    """
    kept = matched.kept
    fold_of_row = folds[matched.prepared.detections.image[kept.rows]]
    left = subset(kept, kept.scores >= fitted[fold_of_row, _class_of(kept)])
    cost = replicate_aps(matched, weights) - replicate_aps(match(matched.prepared, left), weights)
    upper = np.full(cost.shape[1], np.nan)
    for place, column in enumerate(cost.T):
        known = column[~np.isnan(column)]
        if len(known):
            upper[place] = np.quantile(known, UPPER)
    return upper


def _class_of(kept: Kept) -> IntArray:
    """(L,) class index of each row."""
    return np.repeat(np.arange(len(kept.class_start) - 1), np.diff(kept.class_start))
