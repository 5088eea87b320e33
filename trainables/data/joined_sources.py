"""Two annotated sources, each with its image folder, joined into one that a data set can name.

The joined file's names are relative to the folder that both image folders lie in, so one `images:` serves it. Real rows
keep their ids; those of the second source are renumbered behind them. Nothing is written and no image is copied.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from results.coco_json import Row
from results.errors import InputError
from trainables.data.annotation_file import AnnotationFile


@dataclass(frozen=True)
class Annotated:
    """Annotation rows and the folder that their file names are relative to."""

    file: AnnotationFile
    images: Path


def join_sources(first: Annotated, second: Annotated) -> Annotated:
    """One source with the rows of both; the categories are the first one's.

    Raises:
        InputError: a category id of the second is unknown to the first or has another name there, or both list
            the same image.
    """
    _check_categories(first.file, second.file)
    folder = Path(os.path.commonpath([first.images.resolve(), second.images.resolve()]))
    images = _renamed(first.file.images, first.images, folder)
    added = _renamed(second.file.images, second.images, folder)
    _check_names(images, added)
    number_of = dict(zip((row["id"] for row in added), _ids_after(images, len(added)), strict=True))
    annotation_ids = _ids_after(first.file.annotations, len(second.file.annotations))
    annotations = [
        {**row, "id": number, "image_id": number_of[row["image_id"]]}
        for number, row in zip(annotation_ids, second.file.annotations, strict=True)
    ]
    joined = first.file.with_rows(
        [*images, *({**row, "id": number_of[row["id"]]} for row in added)], [*first.file.annotations, *annotations]
    )
    return Annotated(joined, folder)


def _renamed(rows: Sequence[Row], images: Path, folder: Path) -> list[Row]:
    return [{**row, "file_name": os.path.relpath(images.resolve() / str(row["file_name"]), folder)} for row in rows]


def _ids_after(rows: Sequence[Row], count: int) -> range:
    first = max((int(str(row["id"])) for row in rows), default=0) + 1
    return range(first, first + count)


def _check_categories(first: AnnotationFile, second: AnnotationFile) -> None:
    known = {row["id"]: row["name"] for row in first.categories}
    other = [row for row in second.categories if known.get(row["id"]) != row["name"]]
    if other:
        received = f"id {other[0]['id']} is {known.get(other[0]['id'])!r} and {other[0]['name']!r}"
        raise InputError("joined sources agree on their categories", received, "give both the same ids and names")


def _check_names(first: Sequence[Row], second: Sequence[Row]) -> None:
    twice = sorted({str(row["file_name"]) for row in first} & {str(row["file_name"]) for row in second})
    if twice:
        received = f"{len(twice)} in both, first {twice[0]}"
        raise InputError("joined sources share no image", received, "leave it out of one of them")
