"""What a score cutoff trades: score against boxes kept and false alarms per clean image. Chooses nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from results.cutoffs import cut
from results.scoring import Matched, match

STEPS = 20


@dataclass(frozen=True)
class Point:
    """One cutoff, the same for all classes.

    Attributes:
        score: what the rule gives.
        false_alarms_per_clean_image: mean number of boxes on images without a truth box; None without such images.
    """

    cutoff: float
    score: float | None
    boxes_kept: int
    false_alarms_per_clean_image: float | None


def tradeoff(matched: Matched, cutoffs: Sequence[float] | None = None) -> list[Point]:
    """The curve at given cutoffs, or at 0 and at quantiles of the scores, ascending."""
    scores = matched.kept.scores
    if cutoffs is None:
        shares = np.linspace(0, 1, STEPS + 1)[1:] if len(scores) else np.zeros(0)
        cutoffs = [0.0, *np.unique(np.quantile(scores, shares)).tolist()] if len(shares) else [0.0]
    return [_point(matched, cutoff) for cutoff in cutoffs]


def _point(matched: Matched, cutoff: float) -> Point:
    truth = matched.prepared.truth
    left = match(matched.prepared, cut(matched, np.full(len(truth.category_id), cutoff)))
    clean = truth.count.sum(axis=0) == 0
    image = matched.prepared.detections.image[left.kept.rows]
    alarms = float(clean[image].sum() / clean.sum()) if clean.any() else None
    return Point(cutoff, left.score().score, len(image), alarms)
