"""Confident detections as annotation rows: chosen by class, capped by class, marked as what they are.

Pure: nothing is predicted, read or written here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from results.boxes import Category, Detections, Images, IntArray
from results.coco_json import Row
from trainables.data.pseudo_rows import PSEUDO
from trainables.data.pseudo_thresholds import Threshold


@dataclass(frozen=True)
class PseudoCount:
    """One class's labels: how many were confident, and how many of those the cap let through."""

    confident: int
    taken: int


@dataclass(frozen=True)
class PseudoLabels:
    """Rows for an annotation file.

    Attributes:
        images: those with a label, ids as in the list.
        annotations: with `"pseudo": true` and the `score`.
        counts: by category id.
    """

    images: tuple[Row, ...]
    annotations: tuple[Row, ...]
    counts: Mapping[int, PseudoCount]


def most_labels(real_boxes: Mapping[int, int], share: float) -> dict[int, int]:
    """How many labels each class may get: that share of its real training boxes."""
    return {category: int(boxes * share) for category, boxes in real_boxes.items()}


def choose_labels(
    images: Images, detections: Detections, thresholds: Mapping[int, Threshold], most: Mapping[int, int]
) -> PseudoLabels:
    """The confident detections of each class, its best where there are more than it may get.

    Args:
        images: the unlabelled images.
        detections: on them, original-image pixels.
        thresholds: by category id; a class without a least score gets no label.
        most: labels that a class may get, by category id; 0 for a class that is not named.
    """
    chosen: list[IntArray] = []
    counts = {}
    for category, one in sorted(thresholds.items()):
        rows = _confident(detections, category, one.least_score)
        best = rows[np.argsort(-detections.scores[rows], kind="stable")][: most.get(category, 0)]
        counts[category] = PseudoCount(len(rows), len(best))
        chosen.append(best)
    rows = np.sort(np.concatenate(chosen)) if chosen else np.zeros(0, np.int64)
    return PseudoLabels(_image_rows(images, detections.image_id[rows]), _annotation_rows(detections, rows), counts)


def category_rows(categories: tuple[Category, ...]) -> tuple[Row, ...]:
    """Categories as an annotation file has them."""
    return tuple({"id": one.id, "name": one.name} for one in categories)


def _confident(detections: Detections, category: int, least_score: float | None) -> IntArray:
    if least_score is None:
        return np.zeros(0, np.int64)
    has_area = (detections.boxes_xywh[:, 2:] > 0).all(axis=1)
    return np.flatnonzero((detections.category_id == category) & (detections.scores >= least_score) & has_area)


def _image_rows(images: Images, labelled: IntArray) -> tuple[Row, ...]:
    columns = (images.image_id.tolist(), images.file_name, images.width_px.tolist(), images.height_px.tolist())
    wanted = set(labelled.tolist())
    return tuple(
        {"id": image, "file_name": name, "width": width, "height": height}
        for image, name, width, height in zip(*columns, strict=True)
        if image in wanted
    )


def _annotation_rows(detections: Detections, rows: IntArray) -> tuple[Row, ...]:
    return tuple(
        {
            "id": number,
            "image_id": int(detections.image_id[row]),
            "category_id": int(detections.category_id[row]),
            "bbox": [round(value, 2) for value in detections.boxes_xywh[row].tolist()],
            "area": round(float(detections.boxes_xywh[row, 2] * detections.boxes_xywh[row, 3]), 2),
            "iscrowd": 0,
            PSEUDO: True,
            "score": round(float(detections.scores[row]), 6),
        }
        for number, row in enumerate(rows.tolist(), start=1)
    )
