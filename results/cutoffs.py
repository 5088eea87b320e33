"""Score cutoffs per class that cost nothing that can be shown: fitted across folds, applied only under an upper bound.

A cutoff keeps a prefix of a class's list, so it never raises an AP; it keeps a submission small and its precision high.
The largest cutoff that is free on the images it was fitted on is not free on others, hence the folds and the bootstrap.
"""

from dataclasses import dataclass

import numpy as np

from results.boxes import BoolArray, FloatArray, IntArray
from results.kernels_ap import free_cutoffs
from results.prepared import PreparedTruth
from results.scoring import Kept, Matched, match, subset
from results.uncertainty import replicate_aps

TOLERANCE = 1e-4
FOLDS = 5
FEWEST_FOLDS = 2
UPPER = 0.95
NO_CUTOFF = 0.0
SHARES = (1.0, 0.5, 0.25, 0.125)
MARGIN = 0.5


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
    """Per class the largest cutoff whose cross-fitted cost stays under 1e-4 AP, with a margin, else none.

    Tried are shares of the largest cutoff that costs at most 1e-4 on the images it was fitted on: that one itself
    stands right below a true positive and hardly ever passes. Half of what passes is applied, because among several
    tries some pass by luck (16 draws: `benchmarks/fresh_data_700.md`).

    Args:
        matched: the detections that may be cut.
        weights: (B, M) from `uncertainty.image_weights`, for the bound.
        folds: (M,) fold of each image, from `image_folds`.
    """
    fold_count = int(folds.max()) + 1 if len(folds) else 0
    if fold_count < FEWEST_FOLDS:
        return no_cutoffs(matched.prepared.truth)
    fitted = np.array([_fit(matched, folds != fold) for fold in range(fold_count)] + [_fit(matched, folds >= 0)])
    value, upper_cost = np.full(fitted.shape[1], NO_CUTOFF), np.full(fitted.shape[1], np.nan)
    for share in SHARES:
        upper = _cross_fitted_cost(matched, share * fitted[:fold_count], folds, weights)
        upper_cost = np.where(value > NO_CUTOFF, upper_cost, upper)
        free = (value == NO_CUTOFF) & (upper < TOLERANCE)
        value = np.where(free, MARGIN * share * fitted.min(axis=0), value)
    return Cutoffs(value, upper_cost)


def image_folds(images: int, seed: int, group: IntArray | None = None, folds: int = FOLDS) -> IntArray:
    """A random fold for each image (images,); images of one group share it."""
    member = np.arange(images) if group is None else np.unique(group, return_inverse=True)[1]
    groups = int(member.max()) + 1 if images else 0
    return np.asarray(np.random.default_rng(seed).permutation(groups)[member] % folds, dtype=np.int64)


def cut(matched: Matched, value: FloatArray) -> Kept:
    """What is left of each class at its cutoff (C,)."""
    return subset(matched.kept, matched.kept.scores >= value[_class_of(matched.kept)])


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


def _fit(matched: Matched, inside: BoolArray) -> FloatArray:
    """The largest cutoffs (C,) that cost at most the tolerance on the images `inside` (M,)."""
    truth = matched.prepared.truth
    totals = truth.count[:, inside].sum(axis=1)
    columns = (inside.astype(np.float64), matched.events(), matched.event_scores())
    return free_cutoffs(*columns, totals, truth.integration, TOLERANCE)


def _class_of(kept: Kept) -> IntArray:
    """(L,) class index of each row."""
    return np.repeat(np.arange(len(kept.class_start) - 1), np.diff(kept.class_start))
