"""What a choice of settings is worth on images it was not made on: cross-fitted over the validation images.

Each fold's images get the settings that the other folds chose; the detections are pooled and scored once, because APs
of single folds read too high. It evaluates every setting a second time, so it is asked for, not part of every solution.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from results.boxes import FloatArray, IntArray
from results.scoring import Kept, Matched, match
from results.sweep import Choice, Sweep, SweepTable, choose
from results.uncertainty import interval, replicate_aps, replicate_values


@dataclass(frozen=True)
class OutOfFold:
    """The pooled out-of-fold score of a way to choose, and by how much it beats the best global setting.

    Attributes:
        score: None when no class is defined.
        gain: over the global setting, chosen out of fold as well.
        gain_interval: 95% paired image bootstrap of the gain.
    """

    score: float | None
    gain: float
    gain_interval: tuple[float, float]


def out_of_fold(
    swept: Sweep, how: Literal["gate", "argmax", "global"], weights: FloatArray, folds: IntArray
) -> OutOfFold:
    """Cross-fits a choice under a rule that is a plain AP.

    Args:
        swept: of the raw set.
        how: as `sweep.choose` has it.
        weights: (B, M) from `uncertainty.image_weights`.
        folds: (M,) from `cutoffs.image_folds`.
    """
    count = int(folds.max(initial=-1)) + 1
    inside = np.array([folds != fold for fold in range(count)], dtype=np.float64)
    tables = _fold_tables(swept, inside)
    choices = {
        way: [_choice(swept, table, part, way, weights) for table, part in zip(tables, inside, strict=True)]
        for way in (how, "global")
    }
    pooled = [_pooled(swept, choices[way], folds) for way in (how, "global")]
    scores = [matched.score().score for matched in pooled]
    difference = np.subtract(*(replicate_values(matched, weights)[1] for matched in pooled))
    return OutOfFold(scores[0], (scores[0] or 0.0) - (scores[1] or 0.0), interval(difference))


def _fold_tables(swept: Sweep, inside: FloatArray) -> list[SweepTable]:
    """The sweep's table on the images of each row of `inside` (F, M) alone."""
    table = swept.table
    ap = np.empty((len(inside), *table.ap.shape))
    for place, kept in swept.suppressor.run_all(table.settings):
        ap[:, place] = replicate_aps(match(swept.prepared, kept), inside)
    return [SweepTable(table.settings, table.category_id, table.weight, part) for part in ap]


def _choice(swept: Sweep, table: SweepTable, inside: FloatArray, how: str, weights: FloatArray) -> Choice:
    part = Sweep(swept.prepared, swept.suppressor, table)
    return choose(part, how, weights * inside)  # type: ignore[arg-type]


def _pooled(swept: Sweep, choices: list[Choice], folds: IntArray) -> Matched:
    """Each fold's images under the choice that did not see them."""
    image = swept.prepared.detections.image
    rows, scores, classes = [], [], []
    for fold, choice in enumerate(choices):
        kept = swept.combine(choice.index).kept
        ours = folds[image[kept.rows]] == fold
        rows.append(kept.rows[ours])
        scores.append(kept.scores[ours])
        classes.append(np.repeat(np.arange(len(kept.class_start) - 1), np.diff(kept.class_start))[ours])
    row, value, class_of = np.concatenate(rows), np.concatenate(scores), np.concatenate(classes)
    order = np.lexsort((-value, image[row], class_of))
    starts = np.searchsorted(class_of[order], np.arange(len(swept.table.category_id) + 1))
    return match(swept.prepared, Kept(row[order], value[order], starts, decayed=True))
