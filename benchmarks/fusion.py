"""Weighted boxes fusion of five models (`fusion`): `ensembles.fusion.fuse` against ensemble-boxes.

ensemble-boxes gets its boxes by image beforehand, scaled to [0, 1]. Both fuse class by class with equal weights and
conf_type "avg". Parity counts the fused boxes that have a twin of the other tool (same image and class, boxes within
0.01 px, scores within 1e-5: ensemble-boxes keeps its own boxes as float32).
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from ensemble_boxes import weighted_boxes_fusion
from inputs import Inputs, corners, inputs
from stopwatch import Tool, cpu_ms, markdown, write_table

from ensembles.fusion import fuse
from results.boxes import Detections, FloatArray

IOU = 0.55
# A pixel more than the images, so that nothing rounds above 1, which ensemble-boxes warns of and clips.
SCALE = np.array([1334.0, 801.0] * 2)
BOX_PX, SCORE = 0.01, 1e-5
Lists: TypeAlias = tuple[list[FloatArray], list[FloatArray], list[FloatArray]]


def main() -> None:
    """Measures and writes `fusion.md`."""
    given = inputs("fusion")
    models = [given.detections.select(given.model == model) for model in np.unique(given.model)]
    prepared = _by_image(given)
    times = cpu_ms({"fuse": Tool(lambda: fuse(models, None, IOU), 7, 2), "ensemble-boxes": Tool(_each(prepared), 1, 0)})
    ratio = f"{times['ensemble-boxes'] / times['fuse']:.1f}x below ensemble-boxes"
    rows = [["fuse", times["fuse"], ratio], ["ensemble-boxes", times["ensemble-boxes"], ""]]
    parts = [markdown(["tool", "CPU ms", "ratio"], rows), _parity(_columns(fuse(models, None, IOU)), _theirs(prepared))]
    write_table("fusion", f"Weighted boxes fusion of {len(given.detections)} boxes of {len(models)} models", parts)


def _by_image(given: Inputs) -> dict[int, Lists]:
    """The lists, one entry a model, that ensemble-boxes takes, by image id."""
    found = given.detections
    boxes = corners(found.boxes_xywh) / SCALE
    prepared = {}
    for image in np.unique(found.image_id).tolist():
        rows = [np.flatnonzero((found.image_id == image) & (given.model == model)) for model in np.unique(given.model)]
        prepared[image] = (
            [boxes[part] for part in rows],
            [found.scores[part] for part in rows],
            [found.category_id[part] for part in rows],
        )
    return prepared


def _each(prepared: dict[int, Lists]) -> Callable[[], None]:
    def run() -> None:
        for lists in prepared.values():
            weighted_boxes_fusion(*lists, iou_thr=IOU)

    return run


def _theirs(prepared: dict[int, Lists]) -> FloatArray:
    parts = []
    for image, lists in prepared.items():
        boxes, scores, labels = weighted_boxes_fusion(*lists, iou_thr=IOU)
        parts.append(np.column_stack([np.full(len(boxes), image), labels, boxes * SCALE, scores]))
    return np.concatenate(parts)


def _columns(found: Detections) -> FloatArray:
    """(N, 7): image, class, corners in pixels, score."""
    return np.column_stack([found.image_id, found.category_id, corners(found.boxes_xywh), found.scores])


def _parity(ours: FloatArray, theirs: FloatArray) -> str:
    groups = _grouped(theirs)
    twins = 0
    for key, rows in _grouped(ours).items():
        others = groups.get(key, np.zeros((0, 7)))
        near = np.abs(rows[:, None, 2:6] - others[None, :, 2:6]).max(axis=2, initial=0) < BOX_PX
        twins += int((near & (np.abs(rows[:, None, 6] - others[None, :, 6]) < SCORE)).any(axis=1).sum())
    return f"\n{len(ours)} fused boxes here, {len(theirs)} of ensemble-boxes; {twins} of ours have a twin there.\n"


def _grouped(rows: FloatArray) -> dict[tuple[int, int], FloatArray]:
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    ends = np.flatnonzero(np.any(np.diff(rows[:, :2], axis=0), axis=1)) + 1
    return {(int(part[0, 0]), int(part[0, 1])): part for part in np.split(rows, ends)}


if __name__ == "__main__":
    main()
