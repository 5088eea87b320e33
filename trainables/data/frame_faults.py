"""Faults of how all boxes of a file are written: as shares of the image, or as two corners instead of corner and size.

One box proves nothing, all of them together do. Pure functions over columns, which `check` and searches share.
"""

import numpy as np

from results.boxes import BoolArray, FloatArray
from trainables.data import fault_kinds as kinds
from trainables.data.box_faults import is_out_of_bounds, sizes_of_images, usable_boxes
from trainables.data.fault_kinds import Fault
from trainables.data.row_columns import Columns

# Of boxes that leave their image, or whose area says how they are written.
_SUSPICIOUS = 0.1
_SLIP_PX = 1.0  # a box that leaves its image by less proves nothing
_PROOF = 0.9
_LEAST_PROOF = 3  # boxes


def frame_faults(columns: Columns) -> list[Fault]:
    """Both faults, with no rows where there is none."""
    usable = usable_boxes(columns)
    boxes = columns.annotations.box.xywh
    shares = _are_shares(columns, usable)
    corners = not shares and _are_corners(columns, usable)
    return [
        Fault(kinds.BOXES_AS_SHARES, np.flatnonzero(usable if shares else np.zeros_like(usable))),
        Fault(kinds.BOXES_AS_CORNERS, np.flatnonzero(_ordered(boxes) & usable if corners else np.zeros_like(usable))),
    ]


def _are_shares(columns: Columns, usable: BoolArray) -> bool:
    """Everything lies in 0 to 1, in images that are larger than that."""
    if not usable.any():
        return False
    boxes, sizes = columns.annotations.box.xywh[usable], sizes_of_images(columns)[usable]
    return bool(((boxes >= 0) & (boxes <= 1)).all() and not (sizes <= 1).any())


def _are_corners(columns: Columns, usable: BoolArray) -> bool:
    """All could be corners, and either the stated areas say so, or too many would leave their image otherwise."""
    boxes, sizes = columns.annotations.box.xywh[usable], sizes_of_images(columns)[usable]
    if not len(boxes) or not _ordered(boxes).all() or (boxes[:, 2:] > sizes + 1).any():
        return False
    return _areas_say_so(boxes, columns.annotations.area[usable]) or _share_outside(columns, usable) >= _SUSPICIOUS


def _ordered(boxes: FloatArray) -> BoolArray:
    with np.errstate(invalid="ignore"):
        return np.asarray((boxes[:, 2:] > boxes[:, :2]).all(axis=1))


def _share_outside(columns: Columns, usable: BoolArray) -> float:
    return float(is_out_of_bounds(columns, _SLIP_PX)[usable].mean())


def _areas_say_so(boxes: FloatArray, areas: FloatArray) -> bool:
    """The areas are those of boxes between corners, and not those of the sizes that stand there."""
    stated = np.isfinite(areas) & (boxes[:, :2] > 0).any(axis=1)
    between = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    is_between = np.isclose(areas, between, rtol=0.01) & ~np.isclose(areas, boxes[:, 2:].prod(axis=1), rtol=0.01)
    return int(stated.sum()) >= _LEAST_PROOF and bool(is_between[stated].mean() >= _PROOF)
