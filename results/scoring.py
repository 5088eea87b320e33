"""The score of detections under a rule: match, average precision per class, weighted mean.

Pure: no files, no printing (`results.score` is the command). Certainty is `results.uncertainty`.
"""

import json
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from results.boxes import Detections, FloatArray, IntArray, Truth
from results.kernels import Int32Array, MaskArray
from results.kernels_ap import Events, average_precisions, event_lists
from results.kernels_match import match_ranked, rank_candidates, ranks, slots
from results.measures import RowBits, class_values, scores
from results.prepared import (
    Candidates,
    PreparedSet,
    PreparedTruth,
    find_candidates,
    locate,
    prepare,
    prepare_truth,
)
from results.rules import Rule


@dataclass(frozen=True)
class Score:
    """What a set of detections earns under a rule.

    Attributes:
        score: weighted mean AP over the defined classes, or what the rule measures; None when no class is defined.
        ap: AP (or the rule's other measure) by contest category id; None for a class without a truth box.
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
        decayed: the scores are not those of the prepared set.
    """

    rows: Int32Array
    scores: FloatArray
    class_start: IntArray
    decayed: bool = False


@dataclass(frozen=True)
class Ranking:
    """The candidates among some rows, each with its rank among the rows of its class.

    Attributes:
        rows: (L,) the rows that are there, places in `slot`.
        slot: as `kernels_match.slots` has it.
        slot_start: (C + 1,) first of the candidates that `slot` numbers, by class.
        start: (C + 1,) first candidate that is there, by class.
        number: (K',) the candidates that are there, by `slot`'s numbers.
        rank: (K',) 1 for the best row of a class.
    """

    rows: Int32Array
    slot: Int32Array
    slot_start: IntArray
    start: IntArray
    number: Int32Array
    rank: Int32Array


@dataclass(frozen=True)
class Matched:
    """Kept detections with their match bits, in the order in which precision and recall see them.

    Attributes:
        kept: what was matched.
        ranking: its candidates.
        hit: (K',) per candidate the levels at which it is a true positive, one bit each.
        ignored: (K',) the levels at which a crowd absorbed it.
    """

    prepared: PreparedSet
    kept: Kept
    ranking: Ranking
    hit: MaskArray
    ignored: MaskArray

    def class_ap(self) -> FloatArray:
        """(C,) AP, averaged over the rule's IoUs; NaN without truth."""
        return _class_ap(self.prepared.truth, self.ranking, (self.hit, self.ignored))

    def events(self) -> Events:
        """What `kernels_ap.weighted_average_precisions` walks through, for bootstraps: images by class and rank."""
        start, row, hit, ignored = self._event_rows
        image = self.prepared.detections.image
        return start, image[self.kept.rows[row] if self.kept.decayed else row], hit, ignored

    def row_bits(self) -> RowBits:
        """Every kept row with its match bits, for measures that look at all of them."""
        ranking = self.ranking
        slot = ranking.slot[ranking.rows]
        candidate = np.flatnonzero(slot < 0)
        place_of = np.zeros(int(ranking.slot_start[-1]), dtype=np.int64)
        place_of[ranking.number] = np.arange(len(ranking.number))
        hit, ignored = (np.zeros(len(slot), dtype=np.uint64) for _ in range(2))
        hit[candidate] = self.hit[place_of[-1 - slot[candidate]]]
        ignored[candidate] = self.ignored[place_of[-1 - slot[candidate]]]
        image = self.prepared.detections.image[self.kept.rows]
        return RowBits(self.kept.class_start, self.kept.scores, image, hit, ignored)

    def score(self) -> Score:
        """What the rule gives for the kept rows."""
        truth = self.prepared.truth
        if truth.rule.measure.is_plain_ap:
            return score_of(truth, self.class_ap())
        once = np.ones((1, len(truth.image_id)))
        rows = self.row_bits()
        measured_by_ap = truth.rule.measure.kind == "ap" and not truth.rule.measure.function
        values = self.class_ap()[None] if measured_by_ap else class_values(rows, truth, once)
        total = float(scores(values, rows, truth, once)[0])
        return replace(score_of(truth, values[0]), score=None if np.isnan(total) else total)

    @cached_property
    def _event_rows(self) -> Events:
        ranking = self.ranking
        bits = (ranking.number, self.hit, self.ignored)
        return event_lists(ranking.rows, ranking.slot, ranking.slot_start, bits)


def score(truth: Truth, detections: Detections, rule: Rule) -> Score:
    """Scores detections against the truth; categories that the rule does not count are ignored.

    Raises:
        InputError: a row is not finite, has a negative size, or an image that the truth does not know.
    """
    prepared_truth = prepare_truth(truth, rule)
    if not rule.measure.is_plain_ap:
        prepared = prepare(prepared_truth, detections)
        return match(prepared, keep_all(prepared)).score()
    return score_of(prepared_truth, class_aps(prepared_truth, detections))


def class_aps(truth: PreparedTruth, detections: Detections) -> FloatArray:
    """AP of every class (C,), NaN without truth; nothing but the candidates is sorted unless a cap binds.

    Raises:
        InputError: a row is not finite, has a negative size, or an image that the truth does not know.
    """
    located = locate(truth, detections)
    cap = truth.rule.max_per_image_and_class
    if cap is not None and located.most_in_one_image(len(truth.image_id)) > cap:
        prepared = prepare(truth, detections)
        return match(prepared, keep_all(prepared)).class_ap()
    candidates = find_candidates(truth, located)
    ranking = _ranking(np.arange(len(detections), dtype=np.int32), candidates.slot, candidates.start)
    return _class_ap(truth, ranking, _bits(truth, candidates, ranking.number))


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
    return Kept(kept.rows[mask], kept.scores[mask], before[kept.class_start], kept.decayed)


def match(prepared: PreparedSet, kept: Kept) -> Matched:
    """Matches what a post-processing left against the truth."""
    candidates = prepared.candidates
    if kept.decayed:
        ranking, candidate = _ranked_anew(prepared, kept)
    else:
        ranking = _ranking(kept.rows, candidates.slot, candidates.start)
        candidate = ranking.number
    return Matched(prepared, kept, ranking, *_bits(prepared.truth, candidates, candidate))


def _ranking(rows: Int32Array, slot: Int32Array, slot_start: IntArray) -> Ranking:
    return Ranking(rows, slot, slot_start, *ranks(rows, slot, slot_start))


def _ranked_anew(prepared: PreparedSet, kept: Kept) -> tuple[Ranking, Int32Array]:
    """The ranking by the kept rows' own scores, and the candidates (K',) as the prepared set numbers them."""
    slot = prepared.candidates.slot[kept.rows]
    places = np.flatnonzero(slot < 0).astype(np.int32)
    classes = len(kept.class_start) - 1
    class_of = np.repeat(np.arange(classes, dtype=np.int32), np.diff(kept.class_start))
    columns = (kept.scores, class_of, prepared.detections.image[kept.rows])
    start, order = rank_candidates(places, *columns, classes)
    ranked = places[order]
    ranking = _ranking(np.arange(len(slot), dtype=np.int32), slots(*columns, start, ranked), start)
    return ranking, -1 - slot[ranked]


def _bits(truth: PreparedTruth, candidates: Candidates, number: Int32Array) -> tuple[MaskArray, MaskArray]:
    return match_ranked(number, candidates.pairs, truth.is_crowd, truth.rule.requirement.count)


def _class_ap(truth: PreparedTruth, ranking: Ranking, bits: tuple[MaskArray, MaskArray]) -> FloatArray:
    aps = average_precisions(ranking.start, ranking.rank, bits, truth.class_count, truth.integration)
    return np.asarray(aps.mean(axis=0))
