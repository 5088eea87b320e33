"""From which score on a class's detections are right often enough to be taken for labels: pure, over one trial's boxes.

A detection is right where it is a true positive under the rule. The share of right ones among the best k is known
only roughly on a small validation set, so its lower confidence bound must reach the target, not the share itself.
"""

from dataclasses import dataclass

import numpy as np

from results.boxes import BoolArray, Detections, FloatArray, Truth
from results.prepared import prepare, prepare_truth
from results.rules import Rule
from results.scoring import keep_all, match

_ONE_SIDED_95 = 1.6448536269514722  # standard normal quantile


@dataclass(frozen=True)
class Threshold:
    """What is known of one class.

    Attributes:
        least_score: detections from this score on are taken; None where no score reaches the target.
        precision: share of right ones among the validation detections from there on; None without a threshold.
        bound: its lower confidence bound; the highest of all scores where there is no threshold, 0 for no detection.
        detections: how many validation detections that rests on.
    """

    least_score: float | None
    precision: float | None
    bound: float
    detections: int


def class_thresholds(truth: Truth, detections: Detections, rule: Rule, target: float) -> dict[int, Threshold]:
    """A threshold for each class that the rule counts and the truth has.

    Args:
        truth: of the validation images.
        detections: on the same images, after post-processing.
        rule: says which detections are right; of several IoUs any will do.
        target: precision in (0, 1) that the lower bound must reach.
    """
    prepared = prepare(prepare_truth(truth, rule), detections)
    rows = match(prepared, keep_all(prepared)).row_bits()
    found = {}
    for place, category in enumerate(prepared.truth.category_id.tolist()):
        of_class = slice(int(rows.class_start[place]), int(rows.class_start[place + 1]))
        counted = rows.ignored[of_class] == 0
        found[category] = threshold(rows.scores[of_class][counted], rows.hit[of_class][counted] != 0, target)
    return found


def threshold(scores: FloatArray, right: BoolArray, target: float) -> Threshold:
    """The lowest score (N,) from which on the lower bound of the precision reaches the target.

    Equal scores stand or fall together. `right` (N,) says which are true positives.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(right[order], dtype=np.float64)
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)) if len(ranked) else np.zeros(0, np.int64)
    bounds = lower_bound(hits[ends], (ends + 1).astype(np.float64))
    reaching = np.flatnonzero(bounds >= target)
    if not len(reaching):
        return Threshold(None, None, float(bounds.max(initial=0.0)), len(scores))
    last = int(reaching[-1])
    end = int(ends[last])
    return Threshold(float(ranked[end]), float(hits[end] / (end + 1)), float(bounds[last]), end + 1)


def lower_bound(hits: FloatArray, trials: FloatArray) -> FloatArray:
    """Wilson's one-sided 95% lower bound of a share, elementwise; trials are at least 1.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
    """
    squared = _ONE_SIDED_95**2
    share = hits / trials
    middle = share + squared / (2 * trials)
    spread = _ONE_SIDED_95 * np.sqrt(share * (1 - share) / trials + squared / (4 * trials**2))
    bound: FloatArray = (middle - spread) / (1 + squared / trials)
    return bound
