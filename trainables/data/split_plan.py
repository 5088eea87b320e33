"""A split of an annotation file, planned: which image goes into which part, by classes, box sizes and groups.

Pure over columns; `split_command` reads, prints and writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from results.boxes import FloatArray, IntArray
from results.coco_json import boxes, integers
from results.errors import InputError
from trainables.data.annotation_file import AnnotationFile
from trainables.data.stratify import stratified_parts

BREAKS_PX = (40.0, 120.0, 420.0)
# Where groups are moved a class, and the number of images, count for more than one size bin of a class: a score is made
# of classes.
_HEAVY = 10.0


@dataclass(frozen=True)
class Boxes:
    """What a split must know of an annotation file.

    Attributes:
        image_count: M.
        image_row: (N,) the row among the images of each box.
        category_id: (N,).
        short_side_px: (N,) in original-image pixels.
    """

    image_count: int
    image_row: IntArray
    category_id: IntArray
    short_side_px: FloatArray


@dataclass(frozen=True)
class PartCounts:
    """What one part holds.

    Attributes:
        images: number of images.
        groups: number of groups.
        boxes_of: boxes by category id, every category of the file included.
        boxes_of_bin: the same, as numbers by size bin, smallest first.
    """

    images: int
    groups: int
    boxes_of: Mapping[int, int]
    boxes_of_bin: Mapping[int, tuple[int, ...]]

    def to_dict(self) -> dict[str, object]:
        """As plain values for a JSON file."""
        return {
            "images": self.images,
            "groups": self.groups,
            "boxes": sum(self.boxes_of.values()),
            "boxes_of": {str(key): count for key, count in self.boxes_of.items()},
            "boxes_of_bin": {str(key): list(counts) for key, counts in self.boxes_of_bin.items()},
        }


def boxes_of_file(content: AnnotationFile) -> Boxes:
    """The columns that a split goes by.

    Raises:
        InputError: rows that are no images or boxes, an image id twice, or a box of an image that is not listed.
    """
    path, remedy = content.path, "mend the file first: python -m trainables.data.prepare check FILE --fix FIXED.json"
    image_id, of_image = integers(content.images, "id", path), integers(content.annotations, "image_id", path)
    order = np.argsort(image_id, kind="stable")
    ids = image_id[order]
    if (ids[1:] == ids[:-1]).any():
        raise InputError("image ids are distinct", f"{path}: id {ids[1:][ids[1:] == ids[:-1]][0]} twice", remedy)
    place = np.minimum(np.searchsorted(ids, of_image), max(len(ids) - 1, 0))
    if len(of_image) and (not len(ids) or (ids[place] != of_image).any()):
        first = of_image[ids[place] != of_image][0] if len(ids) else of_image[0]
        raise InputError("every box stands on an image of the file", f"{path}: image_id {first} is not listed", remedy)
    sides = boxes(content.annotations, path)[:, 2:].min(axis=1, initial=np.inf)
    category_id = integers(content.annotations, "category_id", path)
    return Boxes(len(ids), order[place] if len(ids) else of_image, category_id, sides)


def planned_parts(
    found: Boxes, groups: IntArray, shares: FloatArray, breaks_px: Sequence[float], seed: int
) -> IntArray:
    """The part of each image, (M,).

    Args:
        found: the file's boxes.
        groups: (M,) group numbers from 0 up; a group is never divided.
        shares: (K,) of the parts.
        breaks_px: between size bins, ascending.
        seed: equal seeds give equal parts.

    Raises:
        InputError: fewer groups than parts.
    """
    count = int(groups.max(initial=-1)) + 1
    if count < len(shares):
        received = f"{count} groups for {len(shares)} parts"
        raise InputError("every part gets a group of images", received, "ask for fewer parts, or group less")
    labels, weights = _labels(found, breaks_px)
    of_group = np.zeros((count, labels.shape[1]), np.int64)
    np.add.at(of_group, groups, labels)
    return stratified_parts(of_group, shares, weights, seed)[groups]


def counts_of_part(
    found: Boxes, groups: IntArray, inside: IntArray, categories: Sequence[int], breaks_px: Sequence[float]
) -> PartCounts:
    """What the images at the rows `inside` hold."""
    chosen = np.isin(found.image_row, inside)
    category, size = found.category_id[chosen], size_bins(found.short_side_px[chosen], breaks_px)
    tables = {key: np.bincount(size[category == key], minlength=len(breaks_px) + 1) for key in categories}
    return PartCounts(
        len(inside),
        len(np.unique(groups[inside])),
        {key: int(table.sum()) for key, table in tables.items()},
        {key: tuple(table.tolist()) for key, table in tables.items()},
    )


def size_bins(short_side_px: FloatArray, breaks_px: Sequence[float]) -> IntArray:
    """The size bin of each box, 0 for those below the first break."""
    return np.searchsorted(np.asarray(breaks_px), short_side_px, side="right").astype(np.int64)


def _labels(found: Boxes, breaks_px: Sequence[float]) -> tuple[IntArray, FloatArray]:
    """Counts of each image (M, L) under: being an image, being without boxes, each class, each class in each bin."""
    bins = len(breaks_px) + 1
    known, position = np.unique(found.category_id, return_inverse=True)
    cell = position * bins + size_bins(found.short_side_px, breaks_px)
    classes = np.zeros((found.image_count, len(known)), np.int64)
    cells = np.zeros((found.image_count, len(known) * bins), np.int64)
    np.add.at(classes, (found.image_row, position), 1)
    np.add.at(cells, (found.image_row, cell), 1)
    images = np.ones((found.image_count, 1), np.int64)
    empty = (classes.sum(axis=1, keepdims=True) == 0).astype(np.int64)
    weights = np.ones(2 + classes.shape[1] + cells.shape[1])
    weights[: 2 + classes.shape[1]] = _HEAVY
    return np.concatenate([images, empty, classes, cells], axis=1), weights
