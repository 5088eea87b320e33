"""What `check --fix` converts before it leaves anything out: values that say what is meant in another spelling.

Ids as text or floats, ids that must be given numbers, `iscrowd` as truth value, null or text, numbers as text, and
outlines without a box. Each is known, none is guessed; what remains is the business of `mending`. Pure.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from results.coco_json import COORDINATES, Row, crowd_of
from results.layout import write_atomically
from trainables.data.annotation_file import AnnotationFile
from trainables.data.changes import Change
from trainables.data.fault_kinds import Table
from trainables.data.id_numbers import id_numbers, number_in
from trainables.data.row_columns import is_box, is_integer

SPELLING = "spelling"
_CROWD_WORDS = {"0": 0, "0.0": 0, "false": 0, "no": 0, "1": 1, "1.0": 1, "true": 1, "yes": 1}
_SHOWN = 40
_LEAST_POLYGON = 6  # numbers of three points
_SIDES = 2

ValueOf = Callable[[object], object]  # what a value becomes; None leaves it as it is


@dataclass(frozen=True)
class Respelt:
    """A delivered file in the spelling that readers take.

    Attributes:
        file: with as many rows as before, in their order.
        changes: one for each row that changed.
        renumbered: by table, ids that were given numbers, as they were written.
    """

    file: AnnotationFile
    changes: tuple[Change, ...]
    renumbered: Mapping[str, Mapping[str, int]]


def respelt(delivered: AnnotationFile) -> Respelt:
    """Converts every row; rows that are in order stay the same objects."""
    images, categories = id_numbers(delivered.images, "file_name"), id_numbers(delivered.categories, "name")
    sides = {"width": number_in, "height": number_in}
    references = {"id": number_in, "image_id": images.of, "category_id": categories.of, "iscrowd": _crowd}
    tables: dict[Table, list[Row]] = {
        "images": [_converted(row, {"id": images.of, **sides}) for row in delivered.images],
        "categories": [_converted(row, {"id": categories.of}) for row in delivered.categories],
        "annotations": [_with_box(_converted(row, references)) for row in delivered.annotations],
    }
    changes = [change for table, rows in tables.items() for change in _changes(table, getattr(delivered, table), rows)]
    renumbered = {"images": images.renumbered, "categories": categories.renumbered}
    return Respelt(
        delivered.with_rows(tables["images"], tables["annotations"], tables["categories"]),
        tuple(changes),
        {table: numbers for table, numbers in renumbered.items() if numbers},
    )


def ids_path(fixed: Path) -> Path:
    """Where the numbers that ids were given stand: beside the fixed file."""
    return fixed.with_suffix(".ids.json")


def write_ids(path: Path, renumbered: Mapping[str, Mapping[str, int]]) -> None:
    """Writes the numbers by table and by id as it was delivered."""
    write_atomically(path, json.dumps(renumbered, ensure_ascii=False, indent=1) + "\n")


def _converted(row: Row, value_of: Mapping[str, ValueOf]) -> Row:
    """The row with the values of these keys converted, where they have one."""
    new = {key: convert(row[key]) for key, convert in value_of.items() if key in row}
    differing = {key: value for key, value in new.items() if value is not None and not _is_same(value, row[key])}
    return {**row, **differing} if differing else row


def _is_same(value: object, old: object) -> bool:
    return type(value) is type(old) and value == old


def _crowd(value: object) -> int | None:
    known = crowd_of(value)
    return _CROWD_WORDS.get(value.strip().lower()) if known is None and isinstance(value, str) else known


def _with_box(row: Row) -> Row:
    """The row with four numbers as its box: those that stand there as text, else the outline's."""
    bbox = row.get("bbox")
    if is_box(bbox):
        return row
    box = _numbers(bbox) if isinstance(bbox, list) and len(bbox) == COORDINATES else None
    box = box or outline_box(row.get("segmentation"))
    return row if box is None else {**row, "bbox": box}


def outline_box(segmentation: object) -> list[float] | None:
    """The box (xywh) around polygons or a run-length mask; None where it cannot be read as either."""
    if isinstance(segmentation, dict):
        return _mask_box(segmentation)
    if not isinstance(segmentation, list) or not segmentation:
        return None
    polygons = segmentation if isinstance(segmentation[0], list) else [segmentation]
    points = [_numbers(polygon) for polygon in polygons]
    if any(one is None or len(one) < _LEAST_POLYGON or len(one) % 2 for one in points):
        return None
    flat = [number for one in points for number in cast(list[float], one)]
    x, y = flat[::2], flat[1::2]
    return [min(x), min(y), max(x) - min(x), max(y) - min(y)]


def _numbers(values: object) -> list[float] | None:
    """Finite numbers, some of them written as text; None for anything else."""
    try:
        numbers = [float(value) for value in cast(list[str], values) if not isinstance(value, bool)]
    except (TypeError, ValueError, OverflowError):
        return None
    return numbers if len(numbers) == len(cast(list[str], values)) and all(map(math.isfinite, numbers)) else None


def _mask_box(mask: Mapping[str, object]) -> list[float] | None:
    from pycocotools import mask as masks

    size, counts = mask.get("size"), mask.get("counts")
    if not isinstance(size, list) or len(size) != _SIDES or not all(is_integer(side) and side > 0 for side in size):
        return None
    if isinstance(counts, list):
        # The C code trusts its input: runs must be whole numbers that fill the picture exactly.
        if not all(type(run) is int and run >= 0 for run in counts) or sum(counts) != size[0] * size[1]:
            return None
        mask = masks.frPyObjects(mask, *size)
    elif not isinstance(counts, str) or not counts.isascii():
        return None
    box: list[float] = masks.toBbox(mask).tolist()
    x, y, w, h = box
    is_inside = min(x, y) >= 0 and x + w <= size[1] and y + h <= size[0]
    return box if is_inside and min(w, h) > 0 else None


def _changes(table: Table, before: Sequence[Row], after: Sequence[Row]) -> list[Change]:
    pairs = enumerate(zip(before, after, strict=True))
    return [_change(table, number, old, new) for number, (old, new) in pairs if old is not new]


def _change(table: Table, number: int, old: Row, new: Row) -> Change:
    keys = [key for key in new if key not in old or not _is_same(new[key], old[key])]
    did = ", ".join(f"{key} {_shown(old[key]) if key in old else 'absent'} -> {_shown(new[key])}" for key in keys)
    return Change(SPELLING, table, number, number_in(old.get("id")), did)


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)[:_SHOWN]
