"""Which annotations of a file stay, cut at which edge, and under which id, once its images and categories are sound."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from results.boxes import FloatArray
from results.coco_json import Row
from trainables.data import fault_kinds as kinds
from trainables.data.annotation_file import AnnotationFile
from trainables.data.box_faults import box_faults, sizes_of_images
from trainables.data.changes import Change
from trainables.data.frame_faults import frame_faults
from trainables.data.row_columns import Columns, columns_of
from trainables.data.row_faults import row_faults

_LEFT_OUT = (
    kinds.MALFORMED_ANNOTATION,
    kinds.ANNOTATION_WITHOUT_IMAGE,
    kinds.ANNOTATION_WITHOUT_CATEGORY,
    kinds.BOX_NOT_FINITE,
    kinds.BOX_NEGATIVE,
    kinds.BOX_WITHOUT_AREA,
    kinds.BOXES_AS_SHARES,
    kinds.BOXES_AS_CORNERS,
)
_LEAST_LEFT_PX = 1.0


def mend_annotations(annotation_file: AnnotationFile) -> tuple[list[Row], list[Change]]:
    """The annotations that stay, and what was done to each that does not stay as it is.

    Args:
        annotation_file: its images and categories are sound.
    """
    columns = columns_of(annotation_file)
    rows: dict[int, Row] = dict(enumerate(annotation_file.annotations))
    changes: list[Change] = []
    found = [*row_faults(columns, {}), *box_faults(columns), *frame_faults(columns)]
    faults = {fault.kind: fault.rows.tolist() for fault in found}
    for kind in _LEFT_OUT:
        for row in faults[kind]:
            if rows.pop(row, None) is not None:
                changes.append(_change(kind, columns, row, "left out"))
    sizes = sizes_of_images(columns)
    for row in faults[kinds.BOX_OUT_OF_BOUNDS]:
        if row in rows:
            changes.append(_cut(rows, row, sizes[row], columns))
    changes += _with_new_ids(rows, columns)
    return list(rows.values()), sorted(changes, key=lambda one: one.row)


def _change(kind: kinds.FaultKind, columns: Columns, row: int, did: str) -> Change:
    ids = columns.annotations.id
    return Change(kind.name, "annotations", row, int(ids.values[row]) if ids.is_sound[row] else None, did)


def _cut(rows: dict[int, Row], row: int, size: FloatArray, columns: Columns) -> Change:
    """Cuts one box at its image's edges, or takes its row out."""
    box = columns.annotations.box.xywh[row]
    low = np.clip(box[:2], 0, size)
    left = np.clip(box[:2] + box[2:], 0, size) - low
    if (left < _LEAST_LEFT_PX).any():
        del rows[row]
        return _change(kinds.BOX_OUT_OF_BOUNDS, columns, row, "left out, it lies outside its image")
    cut = [*low.tolist(), *left.tolist()]
    rows[row] = {**rows[row], "bbox": cut}
    if "area" in rows[row] and not rows[row].get("segmentation"):
        rows[row] = {**rows[row], "area": float(left[0] * left[1])}
    return _change(kinds.BOX_OUT_OF_BOUNDS, columns, row, f"cut to {[round(value, 4) for value in cut]}")


def _with_new_ids(rows: dict[int, Row], columns: Columns) -> Iterator[Change]:
    """Gives the smallest free ids to rows without one and to rows whose id an earlier row has that stays."""
    ids = columns.annotations.id
    used = set(ids.values.tolist())
    free = (id_ for id_ in count(1) if id_ not in used)
    seen: set[int] = set()
    for row in list(rows):
        id_ = int(ids.values[row])
        if ids.is_sound[row] and id_ not in seen:
            seen.add(id_)
            continue
        kind = kinds.DUPLICATE_ANNOTATION_ID if ids.is_sound[row] else kinds.ANNOTATION_ID_NOT_STATED
        rows[row] = {**rows[row], "id": next(free)}
        yield _change(kind, columns, row, f"id {rows[row]['id']}")
