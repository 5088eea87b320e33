"""Suppression across classes: of two overlapping boxes of an image the better one decides, whatever their classes.

It couples the classes, so one setting holds for all of them, and no optimum by class exists. Suppression within a class
is `results.postprocess`; what both have in common is `results.sweep.Suppression`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from results.boxes import Detections, IntArray
from results.post_settings import NmsSetting
from results.postprocess import Suppressor
from results.prepared import Grouped, group
from results.scoring import Kept


@dataclass(frozen=True)
class AcrossClasses:
    """Grouped raw detections whose classes suppress each other: runs any setting without touching a coordinate.

    Attributes:
        grouped: by class and image, as a prepared set has them.
        cap: most rows to keep per class and image; None for no cap.
    """

    grouped: Grouped
    cap: int | None = None

    def run(self, setting: NmsSetting) -> Kept:
        """What one setting keeps."""
        return self._by_class(self._together[0].run(setting))

    def run_all(self, settings: Sequence[NmsSetting]) -> Iterator[tuple[int, Kept]]:
        """What each setting keeps, with the setting's place in `settings`."""
        for place, kept in self._together[0].run_all(settings):
            yield place, self._by_class(kept)

    @cached_property
    def _together(self) -> tuple[Suppressor, IntArray]:
        """All classes as one, ties in input order, and the place in `grouped` of each of its rows."""
        place = np.argsort(self.grouped.row)
        image = self.grouped.image[place].astype(np.int64)
        one = Detections(image, np.zeros_like(image), self.grouped.boxes[place], self.grouped.scores[place])
        merged = group(one, np.zeros(1, dtype=np.int64), np.arange(len(self.grouped.image_id)))
        return Suppressor(merged), place[merged.row]

    @cached_property
    def _cell(self) -> IntArray:
        """(N,) class * images + image of each place."""
        return np.repeat(np.arange(len(self.grouped.start) - 1), np.diff(self.grouped.start))

    def _by_class(self, kept: Kept) -> Kept:
        """The same rows in the order of `grouped`: by class and image, best score first."""
        rows = self._together[1][kept.rows]
        order = np.argsort(self._cell[rows], kind="stable")
        rows, cell = rows[order], self._cell[rows[order]]
        if self.cap is not None:
            left = np.arange(len(cell)) - np.searchsorted(cell, cell) < self.cap
            order, rows, cell = order[left], rows[left], cell[left]
        firsts = np.arange(len(self.grouped.category_id) + 1) * len(self.grouped.image_id)
        return replace(
            kept, rows=rows.astype(np.int32), scores=kept.scores[order], class_start=np.searchsorted(cell, firsts)
        )


def apply_nms_across_classes(raw: Detections, setting: NmsSetting) -> Detections:
    """Suppresses duplicates of an image whatever their class; a cap is `postprocess.cap_per_image`.

    Args:
        raw: detections before NMS.
        setting: for all of them.

    Returns:
        What is left, by category id, image id and descending score.

    Raises:
        InputError: a row is not finite or has a negative size.
    """
    together = Detections(raw.image_id, np.zeros_like(raw.category_id), raw.boxes_xywh, raw.scores)
    grouped = group(together, np.zeros(1, dtype=np.int64), np.unique(raw.image_id))
    kept = Suppressor(grouped).run(setting)
    left = replace(raw.select(grouped.row[kept.rows]), scores=kept.scores)
    return left.select(np.lexsort((left.image_id, left.category_id)))
