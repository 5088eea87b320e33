"""Columnar detections, truth and image lists: in from COCO json, in and out as Arrow.

Everything that scores, fuses or writes boxes works on these columns. Boxes stay xywh in original-image pixels, the form
they arrive in, so that an IoU computed here equals the one of pycocotools bit for bit.
This module does not sort, match or score, and does not mend what it reads: a bad row is refused by its number.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results.coco_json import (
    COORDINATES,
    boxes,
    crowds,
    floats,
    integers,
    load_json,
    refuse_value,
    rows_of,
    table,
    value_of,
)
from results.errors import DamagedFileError, InputError
from results.layout import write_atomically

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

DETECTIONS_SCHEMA = "detections/1"
TRUTH_SCHEMA = "truth/1"
MOST_PX = 1e9  # no coordinate or side of any picture is longer


@dataclass(frozen=True)
class Detections:
    """Scored boxes as columns of one length N, in input order; nobody mutates them.

    Attributes:
        image_id: (N,) int64, COCO image ids.
        category_id: (N,) int64, contest category ids.
        boxes_xywh: (N, 4) float64, top-left corner and size in original-image pixels.
        scores: (N,) float64.
    """

    image_id: IntArray
    category_id: IntArray
    boxes_xywh: FloatArray
    scores: FloatArray

    def __post_init__(self) -> None:
        lengths = {len(self.image_id), len(self.category_id), len(self.boxes_xywh), len(self.scores)}
        if len(lengths) != 1 or self.boxes_xywh.shape[1:] != (COORDINATES,):
            shapes = [column.shape for column in (self.image_id, self.category_id, self.boxes_xywh, self.scores)]
            raise ValueError(f"detection columns have one length N and boxes are (N, 4), received {shapes}")

    def __len__(self) -> int:
        return len(self.scores)

    def select(self, rows: BoolArray | npt.NDArray[np.integer]) -> "Detections":
        """The rows of a boolean mask (N,) or of an index array, in that order."""
        return Detections(self.image_id[rows], self.category_id[rows], self.boxes_xywh[rows], self.scores[rows])

    @classmethod
    def empty(cls) -> "Detections":
        """No detections."""
        none = np.zeros(0, dtype=np.int64)
        return cls(none, none, np.zeros((0, COORDINATES)), np.zeros(0))

    @staticmethod
    def concatenate(parts: "Sequence[Detections]") -> "Detections":
        """All rows of `parts`, one after the other; empty for no parts."""
        if not parts:
            return Detections.empty()
        return Detections(
            np.concatenate([part.image_id for part in parts]),
            np.concatenate([part.category_id for part in parts]),
            np.concatenate([part.boxes_xywh for part in parts]),
            np.concatenate([part.scores for part in parts]),
        )


@dataclass(frozen=True)
class Category:
    """One class of the contest, by its contest id."""

    id: int
    name: str


@dataclass(frozen=True)
class Images:
    """An image list as columns of one length M.

    Attributes:
        image_id: (M,) int64, distinct.
        file_name: M names as the contest gives them.
        width_px: (M,) int64.
        height_px: (M,) int64.
    """

    image_id: IntArray
    file_name: tuple[str, ...]
    width_px: IntArray
    height_px: IntArray

    def __len__(self) -> int:
        return len(self.image_id)


@dataclass(frozen=True)
class Truth:
    """Annotated boxes as columns of one length G, with their images and categories.

    Annotation ids are kept but never joined on: real files hold duplicates.

    Attributes:
        images: every image, also those without a box.
        categories: in file order.
        annotation_id: (G,) int64.
        image_id: (G,) int64, each one of `images`.
        category_id: (G,) int64, each one of `categories`.
        boxes_xywh: (G, 4) float64, original-image pixels.
        is_crowd: (G,) bool.
    """

    images: Images
    categories: tuple[Category, ...]
    annotation_id: IntArray
    image_id: IntArray
    category_id: IntArray
    boxes_xywh: FloatArray
    is_crowd: BoolArray

    def __len__(self) -> int:
        return len(self.annotation_id)

    def select(self, rows: BoolArray | npt.NDArray[np.integer]) -> "Truth":
        """The boxes of a boolean mask (G,) or of an index array, in that order; images and categories stay."""
        return replace(
            self,
            annotation_id=self.annotation_id[rows],
            image_id=self.image_id[rows],
            category_id=self.category_id[rows],
            boxes_xywh=self.boxes_xywh[rows],
            is_crowd=self.is_crowd[rows],
        )


def detections_from_coco(path: Path | str) -> Detections:
    """Reads a COCO result list or a submission ({"images", "annotations"}).

    Raises:
        InputError: no such file, malformed json, or a bad row (named by its number, counted from 0).
    """
    detections = unchecked_detections(path)
    check_detections(detections, str(path))
    return detections


def unchecked_detections(path: Path | str) -> Detections:
    """As `detections_from_coco`, with rows that are not finite or have a negative size, for `results.sound_rows`.

    Raises:
        InputError: no such file, malformed json, or a row that is not made of numbers.
    """
    content = load_json(path)
    rows = rows_of(content if isinstance(content, list) else table(content, "annotations", path), str(path))
    return Detections(
        integers(rows, "image_id", path),
        integers(rows, "category_id", path),
        boxes(rows, path),
        floats(rows, "score", path),
    )


def truth_from_coco(path: Path | str) -> Truth:
    """Reads a COCO ground-truth file.

    Raises:
        InputError: no such file, malformed json, a missing key, an unknown id, or a box that is not finite or has a
            negative size.
    """
    return truth_of(load_json(path), path)


def truth_of(content: object, path: Path | str) -> Truth:
    """The same of a parsed file; `path` is for messages.

    Raises:
        InputError: as `truth_from_coco`.
    """
    rows = rows_of(table(content, "annotations", path), f"{path}: annotations")
    truth = Truth(
        images=_images(content, path),
        categories=_categories(content, path),
        annotation_id=integers(rows, "id", path),
        image_id=integers(rows, "image_id", path),
        category_id=integers(rows, "category_id", path),
        boxes_xywh=boxes(rows, path),
        is_crowd=crowds(rows, path),
    )
    check_truth(truth, str(path))
    return truth


def images_from_coco(path: Path | str) -> Images:
    """Reads the image list of a COCO file; annotations may be absent.

    Raises:
        InputError: no such file, malformed json, a bad row, or an image id that occurs twice.
    """
    return _images(load_json(path), path)


def check_detections(detections: Detections, place: str) -> None:
    """Refuses the first row that is not finite or has a negative size.

    Raises:
        InputError: naming `place` and the row, counted from 0.
    """
    _check_boxes(detections.boxes_xywh, place)
    _refuse(~np.isfinite(detections.scores), detections.scores, ("scores are finite numbers", place))


def check_truth(truth: Truth, place: str) -> None:
    """Refuses the first annotation with a bad box or an unknown image or category.

    Raises:
        InputError: naming `place` and the row, counted from 0.
    """
    _check_boxes(truth.boxes_xywh, place)
    known = np.array([category.id for category in truth.categories], dtype=np.int64)
    unknown_image = ~np.isin(truth.image_id, truth.images.image_id)
    _refuse(unknown_image, truth.image_id, ("an annotation's image_id is one of the images", place))
    unknown_category = ~np.isin(truth.category_id, known)
    _refuse(unknown_category, truth.category_id, ("an annotation's category_id is one of the categories", place))


def are_pixels(boxes_xywh: FloatArray) -> BoolArray:
    """Which boxes (N, 4) are made of finite numbers that can be pixels: areas of larger ones overflow."""
    return np.asarray((np.abs(boxes_xywh) <= MOST_PX).all(axis=1))  # false for NaN, too


def write_detections(path: Path, detections: Detections, metadata: Mapping[str, str]) -> None:
    """Writes the columns as Arrow IPC, with `metadata` in the schema, through a temporary file and a rename."""
    columns = {
        "image_id": pa.array(detections.image_id),
        "category_id": pa.array(detections.category_id),
        "box_xywh": _box_column(detections.boxes_xywh),
        "score": pa.array(detections.scores),
    }
    write_atomically(path, _arrow_bytes(columns, DETECTIONS_SCHEMA, metadata))


def read_detections(path: Path) -> tuple[Detections, dict[str, str]]:
    """Reads what `write_detections` wrote; the columns are read-only views of the memory-mapped file.

    Raises:
        DamagedFileError: missing, cut off, not ours, or of another schema.
    """
    content, metadata = _arrow_table(path, DETECTIONS_SCHEMA)
    try:
        detections = Detections(
            _column(content, "image_id", np.int64),
            _column(content, "category_id", np.int64),
            _box_rows(content),
            _column(content, "score", np.float64),
        )
    except (KeyError, TypeError, ValueError, pa.ArrowException) as error:
        raise DamagedFileError(f"{path} lacks the columns of {DETECTIONS_SCHEMA} ({error}); make it again") from error
    return detections, metadata


def write_truth(path: Path, truth: Truth) -> None:
    """Writes the boxes as Arrow IPC, with images and categories in the schema's metadata."""
    images = truth.images
    listed = {
        "id": images.image_id.tolist(),
        "file_name": list(images.file_name),
        "width": images.width_px.tolist(),
        "height": images.height_px.tolist(),
    }
    metadata = {
        "images": json.dumps(listed),
        "categories": json.dumps([[category.id, category.name] for category in truth.categories]),
    }
    columns = {
        "annotation_id": pa.array(truth.annotation_id),
        "image_id": pa.array(truth.image_id),
        "category_id": pa.array(truth.category_id),
        "box_xywh": _box_column(truth.boxes_xywh),
        "is_crowd": pa.array(truth.is_crowd.astype(np.int64)),
    }
    write_atomically(path, _arrow_bytes(columns, TRUTH_SCHEMA, metadata))


def read_truth(path: Path) -> Truth:
    """Reads what `write_truth` wrote.

    Raises:
        DamagedFileError: missing, cut off, not ours, or of another schema.
    """
    content, metadata = _arrow_table(path, TRUTH_SCHEMA)
    try:
        truth = Truth(
            images=_images_in(json.loads(metadata["images"])),
            categories=tuple(Category(int(id_), str(name)) for id_, name in json.loads(metadata["categories"])),
            annotation_id=_column(content, "annotation_id", np.int64),
            image_id=_column(content, "image_id", np.int64),
            category_id=_column(content, "category_id", np.int64),
            boxes_xywh=_box_rows(content),
            is_crowd=_column(content, "is_crowd", np.int64) != 0,
        )
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError, pa.ArrowException) as error:
        raise DamagedFileError(f"{path} lacks the columns of {TRUTH_SCHEMA} ({error}); make it again") from error
    try:
        check_truth(truth, path.name)
    except InputError as error:
        raise DamagedFileError(f"{path} is not what a trial wrote ({error.rule}); make it again") from error
    return truth


def _images_in(listed: Mapping[str, list[Any]]) -> Images:
    names = tuple(map(str, listed["file_name"]))
    columns = [np.array(listed[key], dtype=np.int64) for key in ("id", "width", "height")]
    if any(column.shape != (len(names),) for column in columns):
        raise ValueError("images are columns of one length")
    return Images(columns[0], names, columns[1], columns[2])


def _arrow_bytes(columns: Mapping[str, pa.Array], schema: str, metadata: Mapping[str, str]) -> bytes:
    content = pa.table(dict(columns)).replace_schema_metadata({**metadata, "schema": schema})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, content.schema) as writer:
        writer.write_table(content)
    return cast(bytes, sink.getvalue().to_pybytes())


def _arrow_table(path: Path, schema: str) -> tuple[pa.Table, dict[str, str]]:
    try:
        content = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        content.validate(full=True)
        metadata = {key.decode(): value.decode() for key, value in (content.schema.metadata or {}).items()}
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        raise DamagedFileError(f"{path} is no complete Arrow file ({error}); make it again") from error
    found = metadata.pop("schema", None)
    if found != schema:
        raise DamagedFileError(f"{path} must have the schema {schema}, received {found}; make it again")
    return content, metadata


def _box_column(boxes_xywh: FloatArray) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(boxes_xywh).reshape(-1)), COORDINATES)


def _column(content: pa.Table, name: str, dtype: type[np.generic]) -> npt.NDArray[Any]:
    column = content.column(name)
    values = column.chunk(0).to_numpy() if column.num_chunks == 1 else column.to_numpy()
    if values.dtype != dtype:
        raise ValueError(f"column {name} is {values.dtype}, not {np.dtype(dtype)}")
    return cast(npt.NDArray[Any], values)


def _box_rows(content: pa.Table) -> FloatArray:
    column = content.column("box_xywh").combine_chunks()
    flat = column.flatten().to_numpy() if len(column) else np.zeros(0)
    if flat.dtype != np.float64:
        raise ValueError(f"box_xywh is {flat.dtype}, not float64")
    return cast(FloatArray, flat.reshape(-1, COORDINATES))


def _images(content: object, path: Path | str) -> Images:
    rows = rows_of(table(content, "images", path), f"{path}: images")
    image_id = integers(rows, "id", path)
    values, counts = np.unique(image_id, return_counts=True)
    if len(values) != len(image_id):
        raise InputError("image ids are distinct", f"{path}: id {values[counts > 1][0]} twice", "renumber the images")
    names = [value_of(row, "file_name", number, path) for number, row in enumerate(rows)]
    for number, name in enumerate(names):
        if not isinstance(name, str):
            refuse_value('"file_name" is text', name, number, path)
    return Images(image_id, tuple(map(str, names)), integers(rows, "width", path), integers(rows, "height", path))


def _categories(content: object, path: Path | str) -> tuple[Category, ...]:
    rows = rows_of(table(content, "categories", path), f"{path}: categories")
    ids = integers(rows, "id", path)
    if len(np.unique(ids)) != len(ids):
        raise InputError("category ids are distinct", f"{path}: {ids.tolist()}", "renumber the categories")
    return tuple(
        Category(int(id_), str(value_of(row, "name", number, path)))
        for number, (id_, row) in enumerate(zip(ids, rows, strict=True))
    )


def _check_boxes(boxes_xywh: FloatArray, place: str) -> None:
    _refuse(~are_pixels(boxes_xywh), boxes_xywh, ("box coordinates are finite", place))
    _refuse(np.asarray((boxes_xywh[:, 2:] < 0).any(axis=1)), boxes_xywh, ("width and height are not negative", place))


def _refuse(bad: BoolArray, values: npt.NDArray[np.generic], rule_and_place: tuple[str, str]) -> None:
    if not bad.any():
        return
    rule, place = rule_and_place
    row = int(np.argmax(bad))
    raise InputError(
        rule, f"{place}: row {row}: {values[row].tolist()}", f"mend that row ({int(bad.sum())} such in all)"
    )
