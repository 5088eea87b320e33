"""Exact cutoffs for rules that charge for false alarms: F-beta by class or pooled, and image accuracy beside the AP.

* f_macro separates: each class's best (setting, cutoff) is found in one pass over its detections.
* f_micro is a ratio of sums: Dinkelbach's method makes it separate, and ends at the exact optimum.
* image accuracy: an image gate (drop all detections of an image whose best score is below it), by sorting the images.

Like any optimum on a small set these overfit; `results.solve` keeps the best global setting unless the gate opens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from results.boxes import FloatArray, IntArray
from results.cutoffs import cut
from results.measures import f_beta
from results.scoring import Matched, match, weighted_mean
from results.sweep import GATE, Choice, Sweep
from results.uncertainty import replicate_aps, replicate_values

GATES_AT_ONCE = 256
PerClass = Literal["gate", "argmax", "global"]


@dataclass(frozen=True)
class Curve:
    """One class under one setting, cut at each of its scores.

    Attributes:
        cutoff: (P,) descending scores; the first is above all scores and keeps nothing.
        hits: (T, P) true positives that are left.
        taken: (T, P) detections that are left and count.
        boxes: truth boxes of the class.
    """

    cutoff: FloatArray
    hits: FloatArray
    taken: FloatArray
    boxes: float

    def best(self, beta: float) -> tuple[float, float]:
        """The best F-beta (mean over levels) and its cutoff, the highest of equals; NaN without truth."""
        if self.boxes == 0:
            return float("nan"), float(self.cutoff[-1])
        values = f_beta(self.hits, self.taken, np.array(self.boxes), beta).mean(axis=0)
        place = int(np.argmax(values))
        return float(values[place]), float(self.cutoff[place])


def curves(matched: Matched) -> list[Curve]:
    """One curve per class."""
    rows, truth = matched.row_bits(), matched.prepared.truth
    hit, ignored = rows.levels(truth.rule.requirement.count)
    found = []
    for place, boxes in enumerate(truth.class_count.tolist()):
        span = np.arange(rows.class_start[place], rows.class_start[place + 1])
        order = span[np.argsort(-rows.scores[span], kind="stable")]
        scores = rows.scores[order]
        # A cutoff keeps all equal scores, so only the last of equals is a place to cut.
        last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True)) if len(order) else order
        above = np.nextafter(scores[0], np.inf) if len(order) else 0.0
        counts = [np.cumsum(bits[:, order], axis=1)[:, last].astype(np.float64) for bits in (hit, ~ignored)]
        # A cut that keeps no further true positive only adds false alarms.
        gained = np.flatnonzero((np.diff(counts[0], axis=1, prepend=0) > 0).any(axis=0))
        last, counts = last[gained], [part[:, gained] for part in counts]
        nothing = np.zeros((len(hit), 1))
        hits, taken = (np.concatenate([nothing, part], axis=1) for part in counts)
        found.append(Curve(np.concatenate([[above], scores[last]]), hits, taken, float(boxes)))
    return found


def best_macro(table: Sequence[Sequence[Curve]], beta: float) -> tuple[FloatArray, FloatArray]:
    """Best F-beta and its cutoff of each setting and class (S, C)."""
    found = [[curve.best(beta) for curve in row] for row in table]
    values = np.array(found, dtype=np.float64).reshape(len(table), -1, 2)
    return values[..., 0], values[..., 1]


def best_micro(table: Sequence[Sequence[Curve]], beta: float) -> tuple[float, IntArray, FloatArray]:
    """The best pooled F-beta over all combinations of settings and cutoffs.

    Args:
        table: curves by setting and class, of one level.
        beta: of F-beta.

    Returns:
        The value, and per class the setting (C,) and the cutoff (C,).

    Source: W. Dinkelbach, On nonlinear fractional programming, Management Science 13 (1967).
    """
    square = beta * beta
    boxes = sum(curve.boxes for curve in table[0])
    classes = range(len(table[0]))
    value = 0.0
    while True:
        picked = [_best_at(value, square, [row[place] for row in table]) for place in classes]
        hits, taken = (sum(part[at] for part in picked) for at in (2, 3))
        better = (1 + square) * hits / (square * boxes + taken) if boxes else 0.0
        if better <= value:
            break
        value = better
    return value, np.array([part[0] for part in picked], dtype=np.int64), np.array([part[1] for part in picked])


def _best_at(value: float, square: float, column: Sequence[Curve]) -> tuple[int, float, float, float]:
    """Setting, cutoff, hits and taken where (1 + b^2) hits - value * taken is highest."""
    best, found = float("-inf"), (0, 0.0, 0.0, 0.0)
    for setting, curve in enumerate(column):
        gain = (1 + square) * curve.hits[0] - value * curve.taken[0]
        place = int(np.argmax(gain))
        if gain[place] > best:
            best = float(gain[place])
            found = (setting, float(curve.cutoff[place]), float(curve.hits[0, place]), float(curve.taken[0, place]))
    return found


def choose_charged(swept: Sweep, how: PerClass, weights: FloatArray) -> tuple[Choice, FloatArray]:
    """Setting and cutoff of each class under an F-beta rule; `sweep.choose` says what `how` means.

    With f_micro the classes are coupled, so the gate opens for all of them or for none.

    Returns:
        The choice, and the cutoffs (C,).
    """
    table = [curves(swept.combine(np.full(len(swept.table.category_id), place))) for place in range(swept.size)]
    measure = swept.prepared.truth.rule.measure
    plan = _macro_plan if measure.kind == "f_macro" else _micro_plan
    everywhere, best, cutoff_of = plan(table, measure.beta, swept.table.weight)
    classes = len(best[0])
    unasked = np.full(classes, np.nan)
    base = (np.full(classes, everywhere), cutoff_of)
    if how == "global":
        return Choice(base[0], everywhere, unasked), base[1]
    if how == "argmax":
        return Choice(best[0], everywhere, unasked), best[1]
    share = _share_won(swept, best, base, weights)
    leaves = share >= GATE
    return Choice(np.where(leaves, best[0], everywhere), everywhere, share), np.where(leaves, best[1], base[1])


Plan = tuple[IntArray, FloatArray]


def _macro_plan(table: Sequence[Sequence[Curve]], beta: float, weight: FloatArray) -> tuple[int, Plan, FloatArray]:
    """The best global setting, each class's best (setting, cutoff), and the cutoffs under the global one."""
    values, cutoff = best_macro(table, beta)
    everywhere = int(np.argmax([weighted_mean(row, weight) or 0.0 for row in values]))
    best = np.argmax(np.where(np.isnan(values), -1.0, values), axis=0)
    return everywhere, (best, cutoff[best, np.arange(len(best))]), cutoff[everywhere]


def _micro_plan(table: Sequence[Sequence[Curve]], beta: float, _: FloatArray) -> tuple[int, Plan, FloatArray]:
    alone = [best_micro([row], beta) for row in table]
    everywhere = int(np.argmax([plan[0] for plan in alone]))
    return everywhere, best_micro(table, beta)[1:], alone[everywhere][2]


def _share_won(swept: Sweep, best: Plan, base: Plan, weights: FloatArray) -> FloatArray:
    found = [
        replicate_values(match(swept.prepared, cut(swept.combine(index), cutoff)), weights)
        for index, cutoff in (best, base)
    ]
    if swept.prepared.truth.rule.measure.kind == "f_micro":
        return np.full(len(best[0]), float((found[0][1] > found[1][1]).mean()))
    asked = ~np.isnan(found[0][0])
    return np.asarray((found[0][0] > found[1][0]).sum(axis=0) / np.maximum(asked.sum(axis=0), 1))


def best_value(matched: Matched) -> float:
    """The score of one setting used for all classes, at its best cutoffs where the rule charges for false alarms."""
    measure, weight = matched.prepared.truth.rule.measure, matched.prepared.truth.weight
    if measure.kind == "f_micro":
        return best_micro([curves(matched)], measure.beta)[0]
    if measure.kind == "f_macro":
        return weighted_mean(best_macro([curves(matched)], measure.beta)[0][0], weight) or 0.0
    return matched.score().score or 0.0


def best_image_gate(matched: Matched) -> tuple[float, float]:
    """The gate with the best score, and that score; a gate of 0 where dropping images gains nothing.

    Every distinct best score of an image is tried. Truth stays whole; dropped images only lose their detections.
    """
    truth, rows = matched.prepared.truth, matched.row_bits()
    top = np.full(len(truth.image_id), -np.inf)
    np.maximum.at(top, rows.image, rows.scores)
    gates = np.concatenate([[-np.inf], np.unique(top[np.isfinite(top)])])
    best, gate = float("-inf"), 0.0
    for first in range(0, len(gates), GATES_AT_ONCE):
        some = gates[first : first + GATES_AT_ONCE]
        found = _gated_scores(matched, top, some)
        place = int(np.argmax(found))
        if found[place] > best:
            best, gate = float(found[place]), max(float(some[place]), 0.0)
    return gate, best


def _gated_scores(matched: Matched, top: FloatArray, gates: FloatArray) -> FloatArray:
    truth, share = matched.prepared.truth, matched.prepared.truth.rule.measure.image_accuracy
    left = (top >= gates[:, None]).astype(np.float64)
    aps = replicate_aps(matched, left, truth.class_count.astype(np.float64))
    mean = np.array([weighted_mean(row, truth.weight) or 0.0 for row in aps])
    defective = truth.count.sum(axis=0) > 0
    found = (left > 0) & np.isfinite(top)
    return np.asarray(share * (found == defective).mean(axis=1) + (1 - share) * mean)
