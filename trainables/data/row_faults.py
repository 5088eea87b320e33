"""Faults of ids, names and joins: what can be said of the tables of a file without looking at boxes or pictures.

Pure functions over columns. Each returns one fault, with no rows where there is none.
"""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from results.boxes import BoolArray, IntArray
from trainables.data import fault_kinds as kinds
from trainables.data.fault_kinds import Fault
from trainables.data.row_columns import NO_ROW, CategoryColumns, Columns, ImageColumns, IntegerColumn


def row_faults(columns: Columns, contest_ids: Mapping[str, int]) -> list[Fault]:
    """Malformed rows, repeated ids and names, orphans, the order and numbering of categories.

    Args:
        columns: of the file.
        contest_ids: category ids by name as the competition gave them; empty where nobody knows.
    """
    return [
        *_image_faults(columns.images),
        *_category_faults(columns.categories, contest_ids),
        *_annotation_faults(columns),
    ]


def is_well_formed_image(images: ImageColumns) -> BoolArray:
    """(M,) the row has an id and a file name."""
    return np.asarray(images.id.is_sound & np.array([bool(name) for name in images.file_name], dtype=bool))


def has_stated_size(images: ImageColumns) -> BoolArray:
    """(M,) the row has a width and a height above 0."""
    sides = (images.width_px, images.height_px)
    return np.asarray(np.logical_and.reduce([side.is_sound & (side.values > 0) for side in sides]))


def is_well_formed_annotation(columns: Columns) -> BoolArray:
    """(N,) the row has an image_id, a category_id, four numbers for a box and no odd iscrowd."""
    rows = columns.annotations
    return rows.image_id.is_sound & rows.category_id.is_sound & rows.box.is_sound & rows.has_sound_crowd


def later_rows_of_equal_ids(ids: IntegerColumn) -> IntArray:
    """Rows whose id stands in an earlier row, ascending."""
    rows = np.flatnonzero(ids.is_sound)
    _, first = np.unique(ids.values[rows], return_index=True)
    return np.delete(rows, first)


def _image_faults(images: ImageColumns) -> list[Fault]:
    well_formed = is_well_formed_image(images)
    return [
        Fault(kinds.MALFORMED_IMAGE, np.flatnonzero(~well_formed)),
        Fault(kinds.IMAGE_SIZE_NOT_STATED, np.flatnonzero(well_formed & ~has_stated_size(images))),
        Fault(kinds.DUPLICATE_IMAGE_ID, later_rows_of_equal_ids(images.id)),
        _repeated_name(kinds.DUPLICATE_FILE_NAME, images.file_name, images.id),
    ]


def _category_faults(categories: CategoryColumns, contest_ids: Mapping[str, int]) -> list[Fault]:
    named = np.array([bool(name) for name in categories.name], dtype=bool)
    ids = categories.id.values
    renumbered = [
        row for row, name in enumerate(categories.name) if contest_ids.get(name, int(ids[row])) != int(ids[row])
    ]
    notes = tuple(
        f"{categories.name[row]} is {ids[row]}, the contest's id is {contest_ids[categories.name[row]]}"
        for row in renumbered
    )
    above = np.maximum.accumulate(ids) if len(ids) else ids
    return [
        Fault(kinds.MALFORMED_CATEGORY, np.flatnonzero(~(categories.id.is_sound & named))),
        Fault(kinds.DUPLICATE_CATEGORY_ID, later_rows_of_equal_ids(categories.id)),
        Fault(kinds.CATEGORIES_RENUMBERED, np.array(renumbered, dtype=np.int64), notes),
        _repeated_name(kinds.DUPLICATE_CATEGORY_NAME, categories.name, categories.id),
        Fault(kinds.CATEGORIES_OUT_OF_ORDER, np.flatnonzero(categories.id.is_sound & (ids < above))),
    ]


def _annotation_faults(columns: Columns) -> list[Fault]:
    rows = columns.annotations
    orphans = rows.image_id.is_sound & (rows.image_row == NO_ROW)
    unclassed = rows.category_id.is_sound & (rows.category_row == NO_ROW)
    return [
        Fault(kinds.MALFORMED_ANNOTATION, np.flatnonzero(~is_well_formed_annotation(columns))),
        Fault(kinds.ANNOTATION_ID_NOT_STATED, np.flatnonzero(~rows.id.is_sound)),
        Fault(kinds.DUPLICATE_ANNOTATION_ID, later_rows_of_equal_ids(rows.id)),
        Fault(kinds.ANNOTATION_WITHOUT_IMAGE, np.flatnonzero(orphans)),
        Fault(kinds.ANNOTATION_WITHOUT_CATEGORY, np.flatnonzero(unclassed)),
    ]


def _repeated_name(kind: kinds.FaultKind, names: tuple[str, ...], ids: IntegerColumn) -> Fault:
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, name in enumerate(names):
        if name:
            rows_of[name].append(row)
    later = {row: rows[0] for rows in rows_of.values() for row in rows[1:]}
    repeated = sorted(later)
    notes = tuple(f"{names[row]}, as of id {ids.values[later[row]]}" for row in repeated)
    return Fault(kind, np.array(repeated, dtype=np.int64), notes)
