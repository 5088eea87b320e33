"""Annotation rows as label files have them: sound rows of a COCO file -> `LabelledImage`s. Reads no files."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import cast

from results.coco_json import Row, boxes, integers
from results.errors import InputError, InputErrors
from trainables.data.annotation_file import AnnotationFile
from trainables.data.label_changes import row_box, rows_by_image
from trainables.data.labelled_image import LabelledBox, LabelledImage, check_printable, check_stem

_REMEDY = "see what `prepare check` says of the file, or let it --fix it"


def labelled_images(annotations: AnnotationFile, kind: str) -> list[LabelledImage]:
    """One for each image, in the file's order.

    Args:
        annotations: of any origin.
        kind: of labels; a row's fields under this name are the format's own.

    Raises:
        InputError: rows that are not sound, class names that repeat or cannot be written, or images whose label file
            would be the same or lie outside the folder.
    """
    check_rows(annotations)
    name_of = {cast(int, row["id"]): check_printable(str(row["name"])) for row in annotations.categories}
    places = rows_by_image(annotations)
    return [
        LabelledImage(
            str(image["file_name"]).replace("\\", "/"),
            _size(image),
            tuple(
                _box(annotations.annotations[place], name_of, kind) for place in places.get(cast(int, image["id"]), ())
            ),
            _extras(image, kind),
        )
        for image in annotations.images
    ]


def check_rows(annotations: AnnotationFile) -> None:
    """Refuses what labels cannot be matched with.

    Raises:
        InputErrors: every such fault, each with an example.
    """
    path, rows = annotations.path, annotations.annotations
    category_ids, image_ids = (integers(part, "id", path) for part in (annotations.categories, annotations.images))
    finite = all(map(math.isfinite, boxes(rows, path).ravel().tolist()))
    repeated = [
        ("image ids are distinct", _twice(image_ids.tolist())),
        ("class names are distinct", _twice([row.get("name") for row in annotations.categories])),
        (
            "images have label files of their own",
            _twice([check_stem(str(row.get("file_name"))) for row in annotations.images]),
        ),
        ("annotations are of known images", _beyond(integers(rows, "image_id", path).tolist(), image_ids.tolist())),
        (
            "annotations are of known classes",
            _beyond(integers(rows, "category_id", path).tolist(), category_ids.tolist()),
        ),
        ("boxes are finite", None if finite else "NaN or infinity"),
    ]
    faults = [InputError(rule, f"{path}: {found}", _REMEDY) for rule, found in repeated if found is not None]
    if faults:
        raise InputErrors(faults)


def _twice(values: list[object]) -> object | None:
    return next((value for value, count in Counter(values).items() if count > 1), None)


def _beyond(values: list[int], known: list[int]) -> int | None:
    return next(iter(sorted(set(values) - set(known))), None)


def _box(row: Row, name_of: Mapping[int, str], kind: str) -> LabelledBox:
    plain = row_box(row, name_of)
    return LabelledBox(plain.name, plain.xywh, plain.annotation_id, _extras(row, kind))


def _extras(row: Row, kind: str) -> Mapping[str, object]:
    found = row.get(kind)
    return found if isinstance(found, dict) else {}


def _size(image: Row) -> tuple[int, int] | None:
    width, height = image.get("width"), image.get("height")
    return (width, height) if type(width) is int and type(height) is int else None
