"""The file that a contest takes: written from detections, and checked as the contest's server would.

    {"images": [{"file_name", "id"}], "annotations": [{"image_id", "category_id", "bbox": [x, y, w, h], "score"}]}

or, as COCO's results list, the annotations alone, whose images are joined by id:

    [{"image_id", "category_id", "bbox": [x, y, w, h], "score"}]

Boxes are xywh in original-image pixels; images are joined by `file_name`. Numbers are written so that they read back
unchanged: rounded scores tie, and ties let the order of images decide. Nothing is mended on the way: a box that should
not be there is refused by the check, not cut to size by the writer.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from results.boxes import Detections, Images
from results.coco_json import COORDINATES, Row, load_json, rows_of, table
from results.errors import InputError, InputErrors
from results.layout import write_atomically
from results.rules import Rule

# Detectors that count pixels as cells reach one pixel past the border; more is a wrong scale.
BORDER_TOLERANCE_PX = 1.0
Format: TypeAlias = Literal["contest", "coco"]
FORMATS: tuple[Format, ...] = ("contest", "coco")
_MOST_FAULTS_SHOWN = 20
_MOST_NAMES_SHOWN = 3


@dataclass(frozen=True)
class SubmissionCount:
    """What a valid submission holds."""

    images: int
    boxes: int
    images_without_box: int
    boxes_of: dict[int, int]
    form: Format = "contest"

    def line(self) -> str:
        """One line for the terminal."""
        classes = ", ".join(f"{category}: {boxes}" for category, boxes in sorted(self.boxes_of.items())) or "none"
        valid = "valid as a COCO results list" if self.form == "coco" else "valid"
        return (
            f"{valid}: {self.images} images, {self.boxes} boxes, {self.images_without_box} images without a box,"
            f" boxes by category id {classes}"
        )


def write_submission(path: Path, images: Images, detections: Detections, form: Format = "contest") -> None:
    """Writes every image of the list, with a box or without, and every detection in its order.

    Args:
        path: replaced if it exists, and never half written.
        images: the contest's list.
        detections: original-image pixels.
        form: `contest`, or `coco` for the detections alone as a list, which pycocotools' `loadRes` takes.

    Raises:
        ValueError: a detection is on an image that the list does not have, or is not finite.
    """
    unknown = ~np.isin(detections.image_id, images.image_id)
    if unknown.any():
        raise ValueError(
            f"detections are on images of the list, received {int(unknown.sum())} on others, first on id"
            f" {detections.image_id[unknown][0]}; predict the images of that list"
        )
    listed = zip(images.image_id.tolist(), images.file_name, strict=True)
    columns = zip(
        detections.image_id.tolist(),
        detections.category_id.tolist(),
        detections.boxes_xywh.tolist(),
        detections.scores.tolist(),
        strict=True,
    )
    annotations = [{"image_id": i, "category_id": c, "bbox": box, "score": s} for i, c, box, s in columns]
    contest = {"images": [{"file_name": name, "id": image_id} for image_id, name in listed], "annotations": annotations}
    content = annotations if form == "coco" else contest
    write_atomically(path, json.dumps(content, ensure_ascii=False, allow_nan=False))


def check_submission(path: Path | str, images: Images, rule: Rule) -> SubmissionCount:
    """Checks a submission against the contest's image list and rule.

    Args:
        path: the submission, or a COCO results list, whose image ids are those of `images`.
        images: the contest's list; sizes of 0 or less mean that the size is not known.
        rule: scores its categories only; a rule that scores all categories accepts every id.

    Raises:
        InputError: no such file, or no submission at all.
        InputErrors: every fault, up to a limit, each with its place.
    """
    content = load_json(path)
    form: Format = "coco" if isinstance(content, list) else "contest"
    if form == "coco":
        listed, annotations = _listed_rows(images), rows_of(content, f"{path}: results")
    else:
        listed = rows_of(table(content, "images", path), f"{path}: images")
        annotations = rows_of(table(content, "annotations", path), f"{path}: annotations")
    faults = [*_image_faults(listed, images), *_annotation_faults(listed, annotations, images, rule)]
    if faults:
        raise InputErrors(_shown(faults, path))
    boxes_of = Counter(_integer(row["category_id"]) or 0 for row in annotations)
    boxed = {row["image_id"] for row in annotations}
    return SubmissionCount(len(listed), len(annotations), len(listed) - len(boxed), dict(boxes_of), form)


def _listed_rows(images: Images) -> list[Row]:
    """The images as a submission lists them: a results list names them by id alone."""
    pairs = zip(images.image_id.tolist(), images.file_name, strict=True)
    return [{"id": image_id, "file_name": name} for image_id, name in pairs]


def _image_faults(listed: Sequence[Row], images: Images) -> Iterator[InputError]:
    for number, row in enumerate(listed):
        if not isinstance(row.get("file_name"), str) or _integer(row.get("id")) is None:
            yield InputError(
                'an image has a "file_name" and a whole "id"', f"images[{number}]: {_short(row)}", "mend that entry"
            )
    names = Counter(str(row["file_name"]) for row in listed if isinstance(row.get("file_name"), str))
    ids = Counter(row["id"] for row in listed if _integer(row.get("id")) is not None)
    yield from _list_fault(set(images.file_name), set(names))
    for twice, times in [*names.items(), *ids.items()]:
        if times > 1:
            yield InputError("an image is listed once", f"images: {twice!r} {times} times", "keep one, with one id")


def _list_fault(expected: set[str], found: set[str]) -> Iterator[InputError]:
    """A wrong image list is one fault, whether images are missing, too many, or all others."""
    parts = [f"missing: {_some(expected - found)}"] if expected - found else []
    parts += [f"not in the list: {_some(found - expected)}"] if found - expected else []
    if parts:
        remedy = "write one entry for each listed image; images are joined by file_name"
        yield InputError("a submission has exactly the images of the list", ", ".join(parts), remedy)


def _some(names: set[str]) -> str:
    shown = " ".join(sorted(names)[:_MOST_NAMES_SHOWN])
    others = len(names) - _MOST_NAMES_SHOWN
    return f"{shown} and {others} more" if others > 0 else shown


def _annotation_faults(
    listed: Sequence[Row], annotations: Sequence[Row], images: Images, rule: Rule
) -> Iterator[InputError]:
    sizes = zip(images.width_px.tolist(), images.height_px.tolist(), strict=True)
    size_of_name: dict[str, tuple[int, int]] = dict(zip(images.file_name, sizes, strict=True))
    size_of_id = {
        row["id"]: size_of_name.get(str(row.get("file_name"))) for row in listed if _integer(row.get("id")) is not None
    }
    scored = {category.id for category in rule.categories}
    for number, row in enumerate(annotations):
        place = f"annotations[{number}]"
        yield from _id_faults(row, place, size_of_id, scored)
        yield from _score_faults(row.get("score"), place)
        yield from _box_faults(row.get("bbox"), place, size_of_id.get(_integer(row.get("image_id"))))


def _id_faults(row: Row, place: str, size_of_id: Mapping[object, object], scored: set[int]) -> Iterator[InputError]:
    image_id, category_id = row.get("image_id"), row.get("category_id")
    if _integer(image_id) is None or image_id not in size_of_id:
        yield InputError(
            'an "image_id" is the "id" of a listed image', f"{place}.image_id: {image_id!r}", "use an id from images"
        )
    if _integer(category_id) is None or (scored and category_id not in scored):
        known = f"use one of {sorted(scored)}" if scored else "use a whole number"
        yield InputError('a "category_id" is one that the rule scores', f"{place}.category_id: {category_id!r}", known)


def _score_faults(score: object, place: str) -> Iterator[InputError]:
    value = _number(score)
    if value is None or not 0.0 <= value <= 1.0:
        yield InputError('a "score" is a number from 0 to 1', f"{place}.score: {score!r}", "write the model's score")


def _box_faults(bbox: object, place: str, size_px: tuple[int, int] | None) -> Iterator[InputError]:
    place = f"{place}.bbox: {bbox!r}"
    values = [_number(value) for value in bbox] if isinstance(bbox, list) else []
    box = [value for value in values if value is not None]
    if len(values) != COORDINATES or len(box) != COORDINATES or not all(map(math.isfinite, box)):
        yield InputError('a "bbox" is four finite numbers x, y, w, h', place, "write original-image pixels")
        return
    if min(box[2:]) < 0:
        yield InputError("width and height are not negative", place, "write x, y, w, h, not two corners")
    elif size_px is not None and _is_outside(box, size_px):
        yield InputError(
            f"a box lies in its image of {size_px[0]}x{size_px[1]} px",
            place,
            "write original-image pixels, as x, y, w, h",
        )


def _is_outside(box_xywh: Sequence[float], size_px: tuple[int, int]) -> bool:
    if min(size_px) <= 0:
        return False
    ends = (box_xywh[0] + box_xywh[2], box_xywh[1] + box_xywh[3])
    before = min(box_xywh[0], box_xywh[1]) < -BORDER_TOLERANCE_PX
    return before or any(end > size + BORDER_TOLERANCE_PX for end, size in zip(ends, size_px, strict=True))


def _shown(faults: Sequence[InputError], path: Path | str) -> list[InputError]:
    shown = list(faults[:_MOST_FAULTS_SHOWN])
    if len(faults) > len(shown):
        shown.append(
            InputError(
                "a submission has no faults", f"{path}: {len(faults) - len(shown)} more", "mend those above first"
            )
        )
    return shown


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _short(value: object) -> str:
    return f"{value!r:.80}"
