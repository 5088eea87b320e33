"""Sweeps NMS settings over one raw set and chooses: the exact per-class optimum, and whether to trust it.

A score is a weighted sum of class APs and suppression is class-wise, so the best of each column of the table (settings
x classes) is the exact optimum over all combinations. On a small validation set that optimum overfits; `choose` has the
gate against it. Cutoffs and caps across classes are `results.solve`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np

from results.boxes import FloatArray, IntArray
from results.measures import class_values
from results.postprocess import NmsKind, NmsSetting, Suppressor
from results.prepared import PreparedSet
from results.scoring import Kept, Matched, match, weighted_mean
from results.uncertainty import replicate_values

GATE = 0.95


@dataclass(frozen=True)
class SweepTable:
    """AP of every setting and class.

    Attributes:
        settings: S settings.
        category_id: (C,) contest ids, ascending.
        weight: (C,) as the rule has them.
        ap: (S, C), NaN for a class without truth.
    """

    settings: tuple[NmsSetting, ...]
    category_id: IntArray
    weight: FloatArray
    ap: FloatArray

    def of_kinds(self, kinds: Sequence[NmsKind]) -> "SweepTable":
        """The rows of these kinds of NMS."""
        return self.of([setting for setting in self.settings if setting.kind in kinds])

    def of(self, settings: Sequence[NmsSetting]) -> "SweepTable":
        """The rows of these settings, all of which the table has."""
        places = [self.settings.index(setting) for setting in settings]
        return replace(self, settings=tuple(settings), ap=self.ap[places])

    def scores(self) -> FloatArray:
        """(S,) score of each setting used for all classes; 0 everywhere when no class is defined."""
        return np.array([weighted_mean(row, self.weight) or 0.0 for row in self.ap])

    def best_global(self) -> int:
        """The setting with the best score; the first of equals."""
        return int(np.argmax(self.scores()))

    def best_per_class(self) -> IntArray:
        """(C,) each class's best setting, the global one where none is better or the class is undefined."""
        everywhere = self.best_global()
        ap = np.where(np.isnan(self.ap), -1.0, self.ap)
        best = np.argmax(ap, axis=0)
        gain = ap[best, np.arange(ap.shape[1])] > ap[everywhere]
        return np.where(gain, best, everywhere)


def joined(tables: Sequence[SweepTable]) -> SweepTable:
    """All rows of tables of one raw set and rule, each setting once."""
    rows = {setting: row for table in tables for setting, row in zip(table.settings, table.ap, strict=True)}
    ap = np.array(list(rows.values())).reshape(len(rows), -1)
    return replace(tables[0], settings=tuple(rows), ap=ap)


class Suppression(Protocol):
    """What runs NMS settings on one raw set: `postprocess.Suppressor`, or `across_classes.AcrossClasses`."""

    def run(self, setting: NmsSetting) -> Kept:
        """What one setting keeps, in evaluation order."""

    def run_all(self, settings: Sequence[NmsSetting]) -> Iterator[tuple[int, Kept]]:
        """What each setting keeps, in any order, with the setting's place in `settings`."""


@dataclass(frozen=True)
class Sweep:
    """A table with what it takes to make any of its combinations again.

    Only the APs are kept for all settings; the few combinations that a choice looks at are made again, which costs
    milliseconds and spares settings x rows of memory.
    """

    prepared: PreparedSet
    suppressor: Suppression
    table: SweepTable

    @property
    def size(self) -> int:
        """How many settings there are."""
        return len(self.table.settings)

    def combine(self, index: IntArray) -> Matched:
        """The detections under setting `index[c]` for class c, matched."""
        chosen = sorted(set(index.tolist()))
        settings = [self.table.settings[place] for place in chosen]
        kept = {chosen[place]: part for place, part in self.suppressor.run_all(settings)}
        return match(self.prepared, _combined(kept, index))


@dataclass(frozen=True)
class Choice:
    """The chosen setting of each class.

    Attributes:
        index: (C,) places in the table's settings.
        global_index: the best setting for all classes together.
        share_won: (C,) share of replicates in which the class's best setting beats the global one; NaN where it was not
            asked (no better setting, no truth, or no gate).
    """

    index: IntArray
    global_index: int
    share_won: FloatArray


def sweep(
    prepared: PreparedSet,
    settings: Sequence[NmsSetting],
    suppressor: Suppression | None = None,
    known: SweepTable | None = None,
) -> Sweep:
    """AP of each class under each setting.

    Args:
        prepared: the raw set.
        settings: at least one.
        suppressor: of the raw set; None suppresses within classes, under the rule's own cap.
        known: rows that are not computed again; all of them are part of the result.
    """
    if suppressor is None:
        suppressor = Suppressor(prepared.detections, prepared.truth.rule.max_per_image_and_class, prepared.graph)
    rows = {} if known is None else dict(zip(known.settings, known.ap, strict=True))
    new = [setting for setting in settings if setting not in rows]
    every = tuple(dict.fromkeys([*rows, *settings]))
    found = {new[place]: class_row(match(prepared, kept)) for place, kept in suppressor.run_all(new)}
    ap = np.array([rows[setting] if setting in rows else found[setting] for setting in every])
    table = SweepTable(every, prepared.truth.category_id, prepared.truth.weight, ap)
    return Sweep(prepared, suppressor, table)


def refined(swept: Sweep, steps: int = 2) -> Sweep:
    """Adds `finer_settings`, for all classes in one pass."""
    return sweep(swept.prepared, finer_settings(swept.table, steps), swept.suppressor, swept.table)


def finer_settings(table: SweepTable, steps: int = 2) -> list[NmsSetting]:
    """Settings between each class's best, or the best global one, and its neighbours of the same kind.

    Args:
        table: what was tried.
        steps: new settings on either side.
    """
    best = set(table.best_per_class().tolist()) | {table.best_global()}
    new = {setting for place in best for setting in _between(table.settings, place, steps)}
    return sorted(new, key=lambda setting: (setting.kind, setting.value))


def _between(settings: Sequence[NmsSetting], place: int, steps: int) -> Iterator[NmsSetting]:
    best = settings[place]
    values = sorted({setting.value for setting in settings if setting.kind == best.kind})
    at = values.index(best.value)
    for other in values[max(at - 1, 0) : at] + values[at + 1 : at + 2]:
        for step in range(1, steps + 1):
            yield best.with_value(best.value + (other - best.value) * step / (steps + 1))


def class_row(matched: Matched) -> FloatArray:
    """AP by class, or what a rule's own function says; cutoffs of F-beta rules are `results.charged`."""
    truth = matched.prepared.truth
    if not truth.rule.measure.function:
        return matched.class_ap()
    return np.asarray(class_values(matched.row_bits(), truth, np.ones((1, len(truth.image_id))))[0])


def choose(swept: Sweep, rule: Literal["gate", "argmax", "global"], weights: FloatArray) -> Choice:
    """Picks a setting for each class.

    Args:
        swept: what `sweep` returned.
        rule: global takes the best setting for all classes; argmax each class's best; gate lets a class leave the
            global one only if its best setting wins in at least 95% of paired replicates.
        weights: (B, M) from `uncertainty.image_weights`, for the gate.
    """
    everywhere = swept.table.best_global()
    best = swept.table.best_per_class()
    unasked = np.full(len(best), np.nan)
    if rule == "global":
        return Choice(np.full(len(best), everywhere), everywhere, unasked)
    if rule == "argmax":
        return Choice(best, everywhere, unasked)
    share = np.where(best == everywhere, np.nan, _share_won(swept, best, everywhere, weights))
    return Choice(np.where(share >= GATE, best, everywhere), everywhere, share)


def _share_won(swept: Sweep, best: IntArray, everywhere: int, weights: FloatArray) -> FloatArray:
    ours = replicate_values(swept.combine(best), weights)[0]
    theirs = replicate_values(swept.combine(np.full(len(best), everywhere)), weights)[0]
    asked = ~np.isnan(ours)
    return np.asarray((ours > theirs).sum(axis=0) / np.maximum(asked.sum(axis=0), 1))


def _combined(kept: dict[int, Kept], index: IntArray) -> Kept:
    """Joins the classes' parts."""
    if not len(index):
        return Kept(np.zeros(0, dtype=np.int32), np.zeros(0), np.zeros(1, dtype=np.int64))
    rows, scores = [], []
    for place, setting in enumerate(index.tolist()):
        part = kept[setting]
        span = slice(part.class_start[place], part.class_start[place + 1])
        rows.append(part.rows[span])
        scores.append(part.scores[span])
    ends = np.cumsum([0, *map(len, rows)])
    decayed = any(kept[setting].decayed for setting in index.tolist())
    return Kept(np.concatenate(rows), np.concatenate(scores), ends, decayed)
