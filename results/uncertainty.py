"""How sure a score is: the paired image bootstrap.

Images (or groups of images that belong together) are drawn with replacement; boxes are never matched again, a replicate
only reweights images. AP is biased upward on small sets: compare paired differences, never APs across set sizes.
"""

import math
from dataclasses import dataclass

import numpy as np

from results.boxes import Detections, FloatArray, IntArray, Truth
from results.groups import group_numbers, group_of_image
from results.kernels_ap import weighted_average_precisions
from results.measures import class_values, scores
from results.prepared import PreparedTruth, prepare, prepare_truth
from results.rules import Rule
from results.scoring import Matched, keep_all, match

REPLICATES = 500
LEVEL = 0.95


@dataclass(frozen=True)
class Comparison:
    """A against B on the same images.

    Attributes:
        difference: score of A minus score of B.
        interval: 95% interval of the difference.
        probability: share of replicates in which A is better.
    """

    difference: float
    interval: tuple[float, float]
    probability: float

    @property
    def known(self) -> bool:
        """Both scores are defined, and so is the interval."""
        return not math.isnan(self.difference + self.interval[0] + self.interval[1])

    @property
    def tied(self) -> bool:
        """The interval holds 0."""
        return self.interval[0] <= 0.0 <= self.interval[1]


def image_weights(images: int, replicates: int, seed: int, group: IntArray | None = None) -> FloatArray:
    """How often each image is drawn in each replicate, as (replicates, images).

    Args:
        images: M.
        replicates: B.
        seed: of the draws.
        group: (images,) number of the group each image belongs to; groups are drawn whole.
    """
    if images == 0:
        return np.zeros((replicates, 0))
    member = np.arange(images) if group is None else np.unique(group, return_inverse=True)[1]
    drawn = int(member.max()) + 1
    counts = np.random.default_rng(seed).multinomial(drawn, np.full(drawn, 1 / drawn), size=replicates)
    return np.ascontiguousarray(counts[:, member], dtype=np.float64)


def replicate_aps(matched: Matched, weights: FloatArray, boxes: FloatArray | None = None) -> FloatArray:
    """AP per replicate and class (B, C); NaN where a replicate drew no truth of the class.

    Args:
        matched: detections with their match bits.
        weights: (B, M) from `image_weights`.
        boxes: (C,) truth boxes of every replicate; None weighs the truth as the detections.
    """
    truth = matched.prepared.truth
    totals = weights @ truth.count.T if boxes is None else np.repeat(boxes[None], len(weights), axis=0)
    return weighted_average_precisions(weights, matched.events(), totals, truth.integration)


def replicate_scores(aps: FloatArray, truth: PreparedTruth) -> FloatArray:
    """Score per replicate (B,), weights renormalised over the classes that the replicate defines; NaN if none."""
    defined = ~np.isnan(aps)
    total = defined @ truth.weight
    summed = np.where(defined, aps, 0.0) @ truth.weight
    scores: FloatArray = np.divide(summed, total, out=np.full(len(aps), np.nan), where=total > 0)
    return scores


def replicate_values(matched: Matched, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What the rule measures per replicate and class (B, C), and the score per replicate (B,)."""
    truth = matched.prepared.truth
    measure = truth.rule.measure
    if measure.is_plain_ap:
        aps = replicate_aps(matched, weights)
        return aps, replicate_scores(aps, truth)
    rows = matched.row_bits()
    by_ap = measure.kind == "ap" and not measure.function
    values = replicate_aps(matched, weights) if by_ap else class_values(rows, truth, weights)
    return values, scores(values, rows, truth, weights)


def interval(values: FloatArray, level: float = LEVEL) -> tuple[float, float]:
    """Percentile interval of the replicates that are not NaN; (NaN, NaN) if all are."""
    known = values[~np.isnan(values)]
    if not len(known):
        return (float("nan"), float("nan"))
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return (float(low), float(high))


@dataclass(frozen=True)
class Measured:
    """One set of detections under a bootstrap.

    Attributes:
        score: on the images as they are; None when no class is defined.
        replicates: (B,) the score in each replicate, NaN where no class is defined.
    """

    score: float | None
    replicates: FloatArray


def measured(truth: PreparedTruth, detections: Detections, weights: FloatArray) -> Measured:
    """Scores detections on the images and on each replicate.

    Args:
        truth: of the images.
        detections: after post-processing.
        weights: (B, M) from `image_weights`.

    Raises:
        InputError: a row is not finite, has a negative size, or an unknown image.
    """
    prepared = prepare(truth, detections)
    matched = match(prepared, keep_all(prepared))
    return Measured(matched.score().score, replicate_values(matched, weights)[1])


def difference(first: Measured, second: Measured) -> Comparison:
    """First minus second, both measured with the same weights."""
    between = first.replicates - second.replicates
    known = between[~np.isnan(between)]
    return Comparison(
        difference=float("nan") if first.score is None or second.score is None else first.score - second.score,
        interval=interval(between),
        probability=float((known > 0).mean()) if len(known) else float("nan"),
    )


def compare(
    truth: Truth, detections: tuple[Detections, Detections], rule: Rule, seed: int, group_by: str | None = None
) -> Comparison:
    """Paired bootstrap of two sets of detections on one truth.

    Args:
        truth: of the images.
        detections: the two sets, after post-processing.
        rule: what is compared.
        seed: of the draws.
        group_by: images that belong together, see `results.groups`; they are drawn whole.

    Raises:
        InputError: a row is not finite, has a negative size, or an unknown image.
    """
    prepared, weights = drawn_truth(truth, rule, seed, group_by)
    return difference(*(measured(prepared, part, weights) for part in detections))


def drawn_truth(truth: Truth, rule: Rule, seed: int, group_by: str | None = None) -> tuple[PreparedTruth, FloatArray]:
    """The truth made ready, and the weights (B, M) of its images in each replicate; `compare` says what is given."""
    prepared = prepare_truth(truth, rule)
    groups = group_numbers(prepared.image_id, group_of_image(group_by, truth.images))
    return prepared, image_weights(len(prepared.image_id), REPLICATES, seed, groups)
