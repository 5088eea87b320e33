"""The rows of an annotation file as columns, faulty rows included: each column says of which rows it can be trusted.

`results.boxes` refuses a file at its first bad row; here nothing is refused, so that a check can name all of them. It
judges types alone: what a sound value may be is the business of the fault modules.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeGuard

import numpy as np

from results.boxes import BoolArray, FloatArray, IntArray
from results.coco_json import COORDINATES, Row, crowd_of, integral
from trainables.data.annotation_file import AnnotationFile

NO_ROW = -1


@dataclass(frozen=True)
class IntegerColumn:
    """A column of N integers.

    Attributes:
        values: (N,) int64; 0 where the row holds no integer.
        is_sound: (N,) whether the row holds one.
    """

    values: IntArray
    is_sound: BoolArray


@dataclass(frozen=True)
class BoxColumn:
    """A column of N boxes.

    Attributes:
        xywh: (N, 4) float64, original-image pixels as the row states them; NaN where it holds no four numbers.
        is_sound: (N,) whether the row holds four numbers, finite or not.
    """

    xywh: FloatArray
    is_sound: BoolArray


@dataclass(frozen=True)
class ImageColumns:
    """The images; `file_name` is empty where a row holds no text."""

    id: IntegerColumn
    file_name: tuple[str, ...]
    width_px: IntegerColumn
    height_px: IntegerColumn


@dataclass(frozen=True)
class CategoryColumns:
    """The categories; `name` is empty where a row holds no text."""

    id: IntegerColumn
    name: tuple[str, ...]


@dataclass(frozen=True)
class AnnotationColumns:
    """The annotations, joined to the other tables.

    Attributes:
        id: annotation ids.
        image_id: as the rows state them.
        category_id: as the rows state them.
        box: the boxes.
        area: (N,) `area` as stated, NaN where the row holds no number.
        has_sound_crowd: (N,) `iscrowd` is absent, or one of the values that readers take.
        image_row: (N,) number of the first image row with that id, NO_ROW where there is none.
        category_row: (N,) the same for categories.
    """

    id: IntegerColumn
    image_id: IntegerColumn
    category_id: IntegerColumn
    box: BoxColumn
    area: FloatArray
    has_sound_crowd: BoolArray
    image_row: IntArray
    category_row: IntArray


@dataclass(frozen=True)
class Columns:
    """The three tables of a file."""

    images: ImageColumns
    categories: CategoryColumns
    annotations: AnnotationColumns


def columns_of(annotation_file: AnnotationFile) -> Columns:
    """The file's rows as columns, in file order; nothing is refused."""
    images = ImageColumns(
        _integers(annotation_file.images, "id"),
        _texts(annotation_file.images, "file_name"),
        _integers(annotation_file.images, "width"),
        _integers(annotation_file.images, "height"),
    )
    categories = CategoryColumns(
        _integers(annotation_file.categories, "id"), _texts(annotation_file.categories, "name")
    )
    return Columns(images, categories, _annotations(annotation_file.annotations, images.id, categories.id))


def names_by_id(categories: CategoryColumns) -> dict[int, str]:
    """The name of each category id, in file order; of a repeated id the first."""
    names: dict[int, str] = {}
    for id_, name, sound in zip(
        categories.id.values.tolist(), categories.name, categories.id.is_sound.tolist(), strict=True
    ):
        if sound:
            names.setdefault(id_, name)
    return names


def _annotations(rows: Sequence[Row], image_ids: IntegerColumn, category_ids: IntegerColumn) -> AnnotationColumns:
    image_id, category_id = _integers(rows, "image_id"), _integers(rows, "category_id")
    return AnnotationColumns(
        id=_integers(rows, "id"),
        image_id=image_id,
        category_id=category_id,
        box=_boxes(rows),
        area=_areas(rows),
        has_sound_crowd=np.array([crowd_of(row.get("iscrowd")) is not None for row in rows], dtype=bool),
        image_row=_first_row(image_ids, image_id),
        category_row=_first_row(category_ids, category_id),
    )


def _integers(rows: Sequence[Row], key: str) -> IntegerColumn:
    values = [row.get(key) for row in rows]
    numbers = [integral(value) for value in values]
    is_sound = np.array([number is not None for number in numbers], dtype=bool)
    return IntegerColumn(np.array([number or 0 for number in numbers], dtype=np.int64), is_sound)


def _texts(rows: Sequence[Row], key: str) -> tuple[str, ...]:
    values = (row.get(key) for row in rows)
    return tuple(value if isinstance(value, str) else "" for value in values)


def _boxes(rows: Sequence[Row]) -> BoxColumn:
    values = [row.get("bbox") for row in rows]
    is_sound = np.array([is_box(value) for value in values], dtype=bool)
    boxes_xywh = np.full((len(rows), COORDINATES), np.nan)
    sound = [value for value in values if isinstance(value, list) and is_box(value)]
    if sound:
        flat = np.fromiter(chain.from_iterable(sound), dtype=np.float64, count=COORDINATES * len(sound))
        boxes_xywh[is_sound] = flat.reshape(-1, COORDINATES)
    return BoxColumn(boxes_xywh, is_sound)


def _areas(rows: Sequence[Row]) -> FloatArray:
    values = (row.get("area") for row in rows)
    return np.array([float(value) if _is_number(value) else np.nan for value in values], dtype=np.float64)


def is_integer(value: object) -> TypeGuard[int]:
    """Whether a row's value is an integer that a column can hold, written as 12 or 12.0; True and False are none."""
    return integral(value) is not None


def is_box(value: object) -> bool:
    """Whether a row's value is a list of four numbers, finite or not."""
    return isinstance(value, list) and len(value) == COORDINATES and all(map(_is_number, value))


def _is_number(value: object) -> TypeGuard[float]:
    return type(value) is float or is_integer(value)


def _first_row(known: IntegerColumn, wanted: IntegerColumn) -> IntArray:
    """For each wanted id the number of the first row that has it, NO_ROW where no row has."""
    rows = np.flatnonzero(known.is_sound)
    ids, first = np.unique(known.values[rows], return_index=True)
    if not len(ids):
        return np.full(len(wanted.values), NO_ROW, dtype=np.int64)
    place = np.minimum(np.searchsorted(ids, wanted.values), len(ids) - 1)
    found = (ids[place] == wanted.values) & wanted.is_sound
    return np.where(found, rows[first[place]], NO_ROW)
