"""Faults of boxes: not finite, negative, without area, outside their image, or said twice.

Pure functions over columns. A box has the first of these faults that fits, so that one slip is one line in a report.
"""

import numpy as np

from results.boxes import BoolArray, FloatArray, IntArray
from trainables.data import fault_kinds as kinds
from trainables.data.fault_kinds import Fault
from trainables.data.row_columns import NO_ROW, Columns
from trainables.data.row_faults import has_stated_size, is_well_formed_annotation

SLACK_PX = 0.01  # what rounding in a tool may have left beyond an edge


def box_faults(columns: Columns) -> list[Fault]:
    """Every fault of the boxes, one for each kind, with no rows where there is none."""
    return [*value_faults(columns), *_duplicates(columns)]


def value_faults(columns: Columns) -> list[Fault]:
    """Faults that a box has by itself."""
    boxes_xywh, is_box = columns.annotations.box.xywh, columns.annotations.box.is_sound
    finite = np.asarray(np.isfinite(boxes_xywh).all(axis=1))
    with np.errstate(invalid="ignore"):
        negative = finite & np.asarray((boxes_xywh[:, 2:] < 0).any(axis=1))
        flat = finite & ~negative & np.asarray((boxes_xywh[:, 2:] == 0).any(axis=1))
    outside = finite & ~negative & ~flat & is_out_of_bounds(columns)
    return [
        _with_boxes(kinds.BOX_NOT_FINITE, is_box & ~finite, boxes_xywh),
        _with_boxes(kinds.BOX_NEGATIVE, negative, boxes_xywh),
        _with_boxes(kinds.BOX_WITHOUT_AREA, flat, boxes_xywh),
        _out_of_bounds(columns, outside),
    ]


def usable_boxes(columns: Columns) -> BoolArray:
    """(N,) the row is well formed, its image and category are known, its box is finite and has an area."""
    rows = columns.annotations
    joined = (rows.image_row != NO_ROW) & (rows.category_row != NO_ROW)
    finite = np.asarray(np.isfinite(rows.box.xywh).all(axis=1))
    with np.errstate(invalid="ignore"):
        has_area = np.asarray((rows.box.xywh[:, 2:] > 0).all(axis=1))
    return np.asarray(is_well_formed_annotation(columns) & joined & finite & has_area)


def is_out_of_bounds(columns: Columns, slack_px: float = SLACK_PX) -> BoolArray:
    """(N,) the box leaves its image by more than `slack_px`; False where the image or its size is not known."""
    boxes_xywh, sizes = columns.annotations.box.xywh, sizes_of_images(columns)
    with np.errstate(invalid="ignore"):
        low = (boxes_xywh[:, :2] < -slack_px).any(axis=1)
        high = (boxes_xywh[:, :2] + boxes_xywh[:, 2:] > sizes + slack_px).any(axis=1)
    return np.asarray((low | high) & np.isfinite(sizes).all(axis=1))


def sizes_of_images(columns: Columns) -> FloatArray:
    """(N, 2) width and height of each annotation's image as stated, NaN where there is none."""
    images, image_row = columns.images, columns.annotations.image_row
    stated = np.column_stack([images.width_px.values, images.height_px.values]).astype(np.float64)
    stated[~has_stated_size(images)] = np.nan
    unknown = np.full((1, 2), np.nan)
    return np.concatenate([stated, unknown])[image_row]  # NO_ROW takes the last


def _out_of_bounds(columns: Columns, outside: BoolArray) -> Fault:
    rows, sizes = np.flatnonzero(outside), sizes_of_images(columns)
    boxes = columns.annotations.box.xywh
    notes = tuple(f"{_written(boxes[row])} in {sizes[row, 0]:.0f}x{sizes[row, 1]:.0f}" for row in rows)
    return Fault(kinds.BOX_OUT_OF_BOUNDS, rows, notes)


def _duplicates(columns: Columns) -> list[Fault]:
    usable = usable_boxes(columns)
    rows = np.flatnonzero(usable)
    # Loads compiled kernels: a search that only looks at sizes and values does without.
    from trainables.data.near_duplicates import exact_duplicates, groups_of, near_duplicates

    group = groups_of(columns.annotations.image_row, columns.annotations.category_row, usable)
    boxes_xywh = columns.annotations.box.xywh[rows]
    found = ((kinds.EXACT_DUPLICATE, exact_duplicates), (kinds.NEAR_DUPLICATE, near_duplicates))
    return [_pairs(kind, columns, rows, find(group, boxes_xywh)) for kind, find in found]


def _pairs(kind: kinds.FaultKind, columns: Columns, rows: IntArray, pairs: tuple[IntArray, IntArray]) -> Fault:
    later, first = (rows[side] for side in pairs)
    ids = columns.annotations.id.values
    notes = tuple(
        f"as annotation {id_} (row {row})" for id_, row in zip(ids[first].tolist(), first.tolist(), strict=True)
    )
    return Fault(kind, later, notes)


def _with_boxes(kind: kinds.FaultKind, is_faulty: BoolArray, boxes_xywh: FloatArray) -> Fault:
    rows = np.flatnonzero(is_faulty)
    return Fault(kind, rows, tuple(map(_written, boxes_xywh[rows])))


def _written(box: FloatArray) -> str:
    return f"[{', '.join(f'{value:g}' for value in box.tolist())}]"
