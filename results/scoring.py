"""The score of detections under a rule: match, average precision per class, weighted mean.

Pure: no files, no printing (`results.score` is the command). Certainty is `results.uncertainty`.
"""

import json
from dataclasses import dataclass

import numpy as np

from results.boxes import Detections, FloatArray, IntArray, Truth
from results.kernels import TRUE_POSITIVE, CodeArray, Int32Array, match_rows
from results.kernels_ap import average_precisions, event_lists, rank_by_anchors
from results.prepared import PreparedSet, PreparedTruth, prepare, prepare_truth
from results.rules import Rule

Events = tuple[IntArray, Int32Array, np.typing.NDArray[np.bool_]]


@dataclass(frozen=True)
class Score:
    """What a set of detections earns under a rule.

    Attributes:
        score: weighted mean AP over the defined classes; None when no class is defined.
        ap: AP by contest category id; None for a class without a truth box.
        renormalised: some class is undefined, so the weights of the others were scaled up to sum to 1.
        boxes: truth boxes that count, by contest category id.
    """

    score: float | None
    ap: dict[int, float | None]
    renormalised: bool
    boxes: dict[int, int]

    def to_json(self) -> str:
        """One line: {"score": ..., "ap": {"1": ..., ...}}."""
        return json.dumps({"score": self.score, "ap": {str(id_): ap for id_, ap in self.ap.items()}})


@dataclass(frozen=True)
class Kept:
    """Detections that a post-processing leaves, in evaluation order (class, image, score).

    Attributes:
        rows: (L,) places in the prepared set, int32.
        scores: (L,) possibly decayed.
        class_start: (C + 1,) first place of each class in `rows`.
    """

    rows: Int32Array
    scores: FloatArray
    class_start: IntArray


@dataclass(frozen=True)
class Matched:
    """Kept detections with their match codes and the order in which precision and recall see them.

    Attributes:
        kept: what was matched.
        codes: (T, L) match codes.
        ranked_start: (C + 1,).
        ranked: places in `kept`, best score first, without those after a class's last true positive.
    """

    prepared: PreparedSet
    kept: Kept
    codes: CodeArray
    ranked_start: IntArray
    ranked: Int32Array

    def class_ap(self) -> FloatArray:
        """(C,) AP, averaged over the rule's IoUs; NaN without truth."""
        truth = self.prepared.truth
        levels = average_precisions(
            self.codes, self.ranked_start, self.ranked, truth.class_count, truth.ap_kind, truth.rule.recall_points()
        )
        return np.asarray(levels.mean(axis=0))

    def events(self) -> Events:
        """What `kernels_ap.weighted_average_precisions` walks through, for bootstraps."""
        return event_lists(self.codes, self.ranked_start, self.ranked, self.prepared.detections.image[self.kept.rows])


def score(truth: Truth, detections: Detections, rule: Rule) -> Score:
    """Scores detections against the truth; categories that the rule does not count are ignored.

    Raises:
        InputError: a row is not finite, has a negative size, or an image that the truth does not know.
    """
    prepared = prepare(prepare_truth(truth, rule), detections)
    return score_of(prepared.truth, match(prepared, keep_all(prepared)).class_ap())


def score_of(truth: PreparedTruth, class_ap: FloatArray) -> Score:
    """The score that class APs (C,) make, NaN meaning undefined."""
    ids = truth.category_id.tolist()
    defined = ~np.isnan(class_ap)
    return Score(
        score=weighted_mean(class_ap, truth.weight),
        ap={id_: (float(ap) if known else None) for id_, ap, known in zip(ids, class_ap, defined, strict=True)},
        renormalised=not bool(defined.all()),
        boxes=dict(zip(ids, truth.class_count.tolist(), strict=True)),
    )


def weighted_mean(class_ap: FloatArray, weight: FloatArray) -> float | None:
    """Mean of the defined APs with their weights renormalised; None if none is defined with a weight above 0."""
    defined = ~np.isnan(class_ap)
    total = float(weight[defined].sum())
    if total <= 0:
        return None
    return float((class_ap[defined] * weight[defined]).sum() / total)


def keep_all(prepared: PreparedSet) -> Kept:
    """Every detection, cut at the rule's cap per image and class."""
    grouped = prepared.detections
    kept = Kept(np.arange(len(grouped), dtype=np.int32), grouped.scores, grouped.class_start)
    cap = prepared.truth.rule.max_per_image_and_class
    if cap is None:
        return kept
    place_in_group = np.arange(len(grouped)) - np.repeat(grouped.start[:-1], np.diff(grouped.start))
    return subset(kept, place_in_group < cap)


def subset(kept: Kept, mask: np.typing.NDArray[np.bool_]) -> Kept:
    """The rows of `kept` where `mask` (L,) holds."""
    before = np.concatenate([[0], np.cumsum(mask)])
    return Kept(kept.rows[mask], kept.scores[mask], before[kept.class_start])


def match(prepared: PreparedSet, kept: Kept) -> Matched:
    """Matches what a post-processing left against the truth."""
    truth = prepared.truth
    codes = match_rows(kept.rows, prepared.pairs, truth.requirement, truth.is_crowd, truth.rule.strict)
    is_anchor = (codes == TRUE_POSITIVE).any(axis=0)
    ranked_start, ranked = rank_by_anchors(kept.scores, is_anchor, kept.class_start)
    return Matched(prepared, kept, codes, ranked_start, ranked)
