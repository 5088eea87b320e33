"""An annotation file as it was delivered: COCO json whose rows are kept whole, faulty ones and unknown fields included.

Commands that mend, clean or split a file choose and change rows; everything else in the file stays as it was.
What scores or trains reads `results.boxes.truth_from_coco` instead, which refuses what is faulty.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from results.coco_json import Row, load_json, rows_of, table
from results.errors import InputError
from results.layout import write_atomically

_TABLES = ("images", "annotations", "categories")


@dataclass(frozen=True)
class AnnotationFile:
    """The three tables of a COCO file; nobody changes a row in place.

    Attributes:
        path: the file, for messages.
        images: its rows, in file order.
        annotations: its rows, in file order.
        categories: its rows, in file order.
        others: everything else at the top, such as `info` and `licenses`.
    """

    path: Path
    images: Sequence[Row]
    annotations: Sequence[Row]
    categories: Sequence[Row]
    others: Mapping[str, object]

    def with_rows(
        self, images: Sequence[Row], annotations: Sequence[Row], categories: Sequence[Row] | None = None
    ) -> "AnnotationFile":
        """The same file with other rows; the categories stay where none are given."""
        kept = self.categories if categories is None else categories
        return replace(self, images=images, annotations=annotations, categories=kept)


def read_annotation_file(path: Path) -> AnnotationFile:
    """Reads a COCO file; rows must be objects, what stands in them is not looked at.

    Raises:
        InputError: no such file, malformed json, or one of the three tables missing or no list of objects.
    """
    return annotation_file_of(load_json(path), path)


def annotation_file_of(content: object, path: Path) -> AnnotationFile:
    """The same of a parsed file; `path` is for messages.

    Raises:
        InputError: one of the three tables is missing or no list of objects.
    """
    images, annotations, categories = (rows_of(table(content, key, path), f"{path}: {key}") for key in _TABLES)
    return AnnotationFile(path, images, annotations, categories, _others(content))


def read_faulty_file(path: Path) -> AnnotationFile:
    """Reads a COCO file whose rows may be anything: what is no object stands as an empty row in its place.

    Raises:
        InputError: no such file, malformed json, or one of the three tables missing or no list.
    """
    content = load_json(path)
    images, annotations, categories = (_objects(table(content, key, path), f"{path}: {key}") for key in _TABLES)
    return AnnotationFile(path, images, annotations, categories, _others(content))


def refuse_overwriting(delivered: Path, written: Path) -> None:
    """Refuses a path to write to that is the delivered file's, by whatever name.

    Raises:
        InputError: it is.
    """
    if written.resolve() == delivered.resolve():
        raise InputError("a delivered file is never overwritten", str(written), "write to another path")


def write_annotation_file(path: Path, annotation_file: AnnotationFile) -> None:
    """Writes the file as UTF-8 json, whole or not at all.

    Raises:
        InputError: it would overwrite the file that it was read from.
    """
    refuse_overwriting(annotation_file.path, path)
    tables = {key: getattr(annotation_file, key) for key in _TABLES}
    write_atomically(path, json.dumps({**annotation_file.others, **tables}, ensure_ascii=False) + "\n")


def _others(content: object) -> dict[str, object]:
    return {key: value for key, value in cast(dict[str, object], content).items() if key not in _TABLES}


def _objects(value: object, place: str) -> list[Row]:
    if not isinstance(value, list):
        raise InputError("rows are a json list", f"{place}: {type(value).__name__}", "give a list of objects")
    return [row if isinstance(row, dict) else {} for row in value]
