"""From raw detections to detections: NMS settings (`results.post_settings`) applied, class by class.

Suppression is class-wise (`results.across_classes` has the other kind); a cap across classes comes last. This module
applies settings; which ones to take is decided in `results.sweep` and `results.solve`.

Conventions: hard NMS drops a box whose IoU with a kept one *exceeds* the threshold (torchvision); linear soft-NMS
decays by 1 - IoU where the IoU exceeds the threshold, gaussian by exp(-IoU^2 / sigma) always, and what falls below
`min_score` is dropped (mmcv).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from results.boxes import BoolArray, Detections, FloatArray, IntArray
from results.errors import InputError
from results.kernels import Int32Array
from results.kernels_nms import (
    BITS,
    GAUSSIAN,
    LINEAR,
    Graph,
    hard_nms,
    hard_nms_all,
    kept_rows,
    overlap_graph,
    soft_nms,
)
from results.post_settings import NMS_KINDS, NmsKind, NmsSetting, PostSpec, default_settings
from results.prepared import Grouped, group
from results.scoring import Kept

NO_CAP = np.iinfo(np.int64).max // 2

__all__ = [
    "NMS_KINDS",
    "NmsKind",
    "NmsSetting",
    "PostSpec",
    "Suppressor",
    "apply_nms",
    "best_per_image",
    "cap_per_image",
    "default_settings",
    "images_above",
]


@dataclass(frozen=True)
class Suppressor:
    """Grouped raw detections with their overlap graph: runs any setting without touching a coordinate.

    Attributes:
        cap: most rows to keep per class and image; None for no cap.
        known: the overlap graph, if a prepared set brought it.
    """

    grouped: Grouped
    cap: int | None = None
    known: Graph | None = None

    @cached_property
    def graph(self) -> Graph:
        """The overlap graph, made at the first use."""
        return self.known or overlap_graph(self.grouped.boxes, self.grouped.start)

    def run(self, setting: NmsSetting) -> Kept:
        """What one setting keeps."""
        if setting.kind != "hard":
            return self._run_soft(setting)
        numbers = (setting.iou_threshold, setting.min_score)
        return self._kept(*hard_nms(self.graph, self.grouped.scores, self.grouped.start, numbers, self._cap))

    def run_all(self, settings: Sequence[NmsSetting]) -> Iterator[tuple[int, Kept]]:
        """What each setting keeps, with the setting's place in `settings`; hard ones come first, 64 in one walk."""
        hard = [place for place, setting in enumerate(settings) if setting.kind == "hard"]
        hard.sort(key=lambda place: settings[place].iou_threshold)
        for first in range(0, len(hard), BITS):
            yield from self._run_hard(settings, hard[first : first + BITS])
        for place, setting in enumerate(settings):
            if setting.kind != "hard":
                yield place, self._run_soft(setting)

    def _run_hard(self, settings: Sequence[NmsSetting], places: Sequence[int]) -> Iterator[tuple[int, Kept]]:
        thresholds = np.array([settings[place].iou_threshold for place in places])
        least = np.array([settings[place].min_score for place in places])
        alive = hard_nms_all(self.graph, self.grouped.scores, thresholds, least)
        for bit, place in enumerate(places):
            rows = kept_rows(alive, bit, self.grouped.start, self._cap)
            yield place, self._kept(rows, self.grouped.scores[rows])

    def _run_soft(self, setting: NmsSetting) -> Kept:
        kind = LINEAR if setting.kind == "soft_linear" else GAUSSIAN
        numbers = (kind, setting.iou_threshold, setting.sigma, setting.min_score)
        rows, scores = soft_nms(self.graph, self.grouped.scores, self.grouped.start, numbers, self._cap)
        return replace(self._kept(rows, scores), decayed=True)

    def _kept(self, rows: Int32Array, scores: FloatArray) -> Kept:
        return Kept(rows, scores, np.searchsorted(rows, self.grouped.class_start.astype(np.int32)))

    @property
    def _cap(self) -> int:
        return NO_CAP if self.cap is None else self.cap


def apply_nms(
    raw: Detections, setting_of: Mapping[int, NmsSetting] | NmsSetting, max_per_image: int | None
) -> Detections:
    """Suppresses duplicates class by class, then caps each image across classes.

    Args:
        raw: detections before NMS.
        setting_of: one setting, or one per contest category id that occurs in `raw`.
        max_per_image: most rows of an image, all classes together; None for no cap.

    Returns:
        What is left, by category id, image id and descending score.

    Raises:
        InputError: a row is not finite or has a negative size, or a category has no setting.
    """
    ids = np.unique(raw.category_id)
    chosen = dict.fromkeys(ids.tolist(), setting_of) if isinstance(setting_of, NmsSetting) else dict(setting_of)
    missing = [id_ for id_ in ids.tolist() if id_ not in chosen]
    if missing:
        raise InputError("every category has an NMS setting", missing, "drop these detections or give them a setting")
    parts = [_apply_to(raw.select(raw.category_id == id_), chosen[id_]) for id_ in ids.tolist()]
    return cap_per_image(Detections.concatenate(parts), max_per_image)


def _apply_to(raw: Detections, setting: NmsSetting) -> Detections:
    grouped = group(raw, np.unique(raw.category_id), np.unique(raw.image_id))
    kept = Suppressor(grouped).run(setting)
    left = raw.select(grouped.row[kept.rows])
    return Detections(left.image_id, left.category_id, left.boxes_xywh, kept.scores)


def cap_per_image(detections: Detections, max_per_image: int | None) -> Detections:
    """The best `max_per_image` rows of each image, in the given order; ties go to the earlier row."""
    if max_per_image is None:
        return detections
    return detections.select(best_per_image(detections.image_id, detections.scores, max_per_image))


def best_per_image(image: IntArray | Int32Array, scores: FloatArray, most: int) -> BoolArray:
    """Mask (N,) of the rows that are among the `most` best of their image; ties go to the earlier row."""
    order = np.lexsort((-scores, image))
    sorted_image = image[order]
    first = np.searchsorted(sorted_image, sorted_image)
    mask = np.zeros(len(scores), dtype=np.bool_)
    mask[order] = np.arange(len(order)) - first < most
    return mask


def images_above(image: IntArray | Int32Array, scores: FloatArray, gate: float) -> BoolArray:
    """Mask (N,) of the rows whose image has a score of at least `gate`."""
    place = np.unique(image, return_inverse=True)[1]
    best = np.full(int(place.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(best, place, scores)
    return np.asarray(best[place] >= gate)
