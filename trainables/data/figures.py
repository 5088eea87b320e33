"""The figures of an annotation file: counts, sizes of images and boxes, classes, and what two known mistakes would do.

Figures are taken of usable boxes alone: rows with a box, an image and a category. Unless a name says otherwise they are
those of boxes that are not background. Pure functions over columns; nothing is judged.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from results.boxes import BoolArray, FloatArray, IntArray
from trainables.data.background import is_background
from trainables.data.box_faults import usable_boxes
from trainables.data.row_columns import CategoryColumns, Columns, names_by_id
from trainables.data.row_faults import has_stated_size, is_well_formed_image

SHORT_SIDE_BREAKS_PX = (40, 120, 420)
_DRAWS = 50
_SHORT_SIDE_NAMES = ("below 40", "40 to 120", "120 to 420", "420 and above")


@dataclass(frozen=True)
class Boxes:
    """The usable boxes of a file as columns of one length U.

    Attributes:
        row: annotation row numbers.
        image_row: image row numbers.
        category_id: category ids.
        is_background: whether the category is background.
        short_px: min(width, height).
        long_px: max(width, height).
    """

    row: IntArray
    image_row: IntArray
    category_id: IntArray
    is_background: BoolArray
    short_px: FloatArray
    long_px: FloatArray


@dataclass(frozen=True)
class ClassCount:
    """What one category holds."""

    id: int
    name: str
    boxes: int
    images: int


@dataclass(frozen=True)
class SizeCount:
    """The images of one size and mode; the mode is None where no picture was read."""

    width_px: int
    height_px: int
    mode: str | None
    images: int
    category_ids: tuple[int, ...]


@dataclass(frozen=True)
class Background:
    """What washing the background out would do.

    Attributes:
        category_ids: of the background.
        boxes: of the background.
        images_with_background_only: washed out.
        images_with_both: kept; the loop that circulates drops them, too.
        images_kept: of a correct cleaning.
        boxes_kept: of a correct cleaning.
        images_kept_by_the_loop: it drops every image that holds any background box.
        boxes_without_image_by_the_loop: the defect boxes that it leaves behind.
    """

    category_ids: tuple[int, ...]
    boxes: int
    images_with_background_only: int
    images_with_both: int
    images_kept: int
    boxes_kept: int
    images_kept_by_the_loop: int
    boxes_without_image_by_the_loop: int


@dataclass(frozen=True)
class MislabelledRow:
    """One row of a per-class table that prints names in file order beside results sorted by id."""

    printed: str
    really: str


@dataclass(frozen=True)
class Figures:
    """The figures of one file; all lengths in original-image pixels, None where there is no box.

    Attributes:
        images: rows with an id and a file name.
        images_without_boxes: of them, without any usable box.
        annotations: rows.
        distinct_annotation_ids: among them.
        boxes: usable, background included.
        image_sizes: most frequent first; rows that state no size are left out.
        classes: in file order, background included.
        background: what cleaning would do.
        category_order: ids in file order.
        mislabelled_rows: see `MislabelledRow`; empty where the orders agree.
        short_side_px: percentiles by name.
        short_side_counts: boxes by range.
        aspect_ratio: long side by short side, percentiles by name.
        most_boxes_in_an_image: background included.
        fewest_validation_boxes: boxes of the rarest class in a random tenth of the images that cleaning keeps, least
            and median of fifty draws: below some thirty, differences of an AP point are noise.
    """

    images: int
    images_without_boxes: int
    annotations: int
    distinct_annotation_ids: int
    boxes: int
    image_sizes: tuple[SizeCount, ...]
    classes: tuple[ClassCount, ...]
    background: Background
    category_order: tuple[int, ...]
    mislabelled_rows: tuple[MislabelledRow, ...]
    short_side_px: Mapping[str, float] | None
    short_side_counts: Mapping[str, int]
    aspect_ratio: Mapping[str, float] | None
    most_boxes_in_an_image: int
    fewest_validation_boxes: Mapping[str, int] | None

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return asdict(self)


def figures_of(columns: Columns, background_ids: Sequence[int], mode_of: Mapping[int, str]) -> Figures:
    """The figures.

    Args:
        columns: of the file.
        background_ids: category ids that are background.
        mode_of: colour or grey by image row, of pictures that were read.
    """
    boxes = boxes_of(columns, background_ids)
    listed = is_well_formed_image(columns.images)
    defect = ~boxes.is_background
    ids, short = columns.annotations.id, boxes.short_px[defect]
    counts = np.histogram(short, bins=[0, *SHORT_SIDE_BREAKS_PX, np.inf])[0].tolist()
    return Figures(
        images=int(listed.sum()),
        images_without_boxes=int(listed.sum()) - len(np.unique(boxes.image_row)),
        annotations=len(ids.values),
        distinct_annotation_ids=len(np.unique(ids.values[ids.is_sound])),
        boxes=len(boxes.row),
        image_sizes=_image_sizes(columns, boxes, mode_of),
        classes=_classes(columns.categories, boxes),
        background=_background(boxes, int(listed.sum()), background_ids),
        category_order=tuple(columns.categories.id.values[columns.categories.id.is_sound].tolist()),
        mislabelled_rows=_mislabelled(columns.categories, background_ids),
        short_side_px=_percentiles(short, {"p10": 10, "p50": 50, "p90": 90}),
        short_side_counts=dict(zip(_SHORT_SIDE_NAMES, counts, strict=True)),
        aspect_ratio=_percentiles(boxes.long_px[defect] / short, {"p50": 50, "p90": 90, "max": 100}),
        most_boxes_in_an_image=int(np.bincount(boxes.image_row).max(initial=0)),
        fewest_validation_boxes=_fewest_in_a_tenth(boxes.image_row[defect], boxes.category_id[defect]),
    )


def boxes_of(columns: Columns, background_ids: Sequence[int]) -> Boxes:
    """The usable boxes of a file."""
    row = np.flatnonzero(usable_boxes(columns))
    category_id, sides = columns.annotations.category_id.values[row], columns.annotations.box.xywh[row, 2:]
    return Boxes(
        row=row,
        image_row=columns.annotations.image_row[row],
        category_id=category_id,
        is_background=is_background(category_id, background_ids),
        short_px=sides.min(axis=1),
        long_px=sides.max(axis=1),
    )


def _percentiles(values: FloatArray, wanted: Mapping[str, float]) -> dict[str, float] | None:
    if not len(values):
        return None
    found = np.percentile(values, list(wanted.values())).tolist()
    return {name: round(value, 4) for name, value in zip(wanted, found, strict=True)}


def _image_sizes(columns: Columns, boxes: Boxes, mode_of: Mapping[int, str]) -> tuple[SizeCount, ...]:
    images = columns.images
    rows = np.flatnonzero(is_well_formed_image(images) & has_stated_size(images)).tolist()
    sizes = zip(images.width_px.values.tolist(), images.height_px.values.tolist(), strict=True)
    key_of = {row: (*size, mode_of.get(row)) for row, size in enumerate(sizes)}
    classes_of: dict[tuple[int, int, str | None], set[int]] = defaultdict(set)
    defect = ~boxes.is_background
    pairs = np.unique(np.stack([boxes.image_row[defect], boxes.category_id[defect]], axis=1), axis=0)
    for row, category_id in pairs.tolist():
        classes_of[key_of[row]].add(category_id)
    counts = Counter(key_of[row] for row in rows)
    return tuple(SizeCount(*key, count, tuple(sorted(classes_of[key]))) for key, count in counts.most_common())


def _classes(categories: CategoryColumns, boxes: Boxes) -> tuple[ClassCount, ...]:
    box_count = Counter(boxes.category_id.tolist())
    pairs = np.unique(np.stack([boxes.image_row, boxes.category_id], axis=1), axis=0)
    image_count = Counter(pairs[:, 1].tolist())
    names = names_by_id(categories)
    return tuple(ClassCount(id_, name, box_count[id_], image_count[id_]) for id_, name in names.items())


def _background(boxes: Boxes, images: int, background_ids: Sequence[int]) -> Background:
    with_defect = np.unique(boxes.image_row[~boxes.is_background])
    with_background = np.unique(boxes.image_row[boxes.is_background])
    both = np.intersect1d(with_defect, with_background)
    only = len(with_background) - len(both)
    stranded = int(np.isin(boxes.image_row[~boxes.is_background], both).sum())
    return Background(
        category_ids=tuple(background_ids),
        boxes=int(boxes.is_background.sum()),
        images_with_background_only=only,
        images_with_both=len(both),
        images_kept=images - only,
        boxes_kept=int((~boxes.is_background).sum()),
        images_kept_by_the_loop=images - len(with_background),
        boxes_without_image_by_the_loop=stranded,
    )


def _fewest_in_a_tenth(image_row: IntArray, category_id: IntArray) -> dict[str, int] | None:
    if not len(image_row):
        return None
    images, image = np.unique(image_row, return_inverse=True)
    classes, class_number = np.unique(category_id, return_inverse=True)
    fewest = []
    for seed in range(_DRAWS):
        drawn = np.zeros(len(images), dtype=bool)
        drawn[np.random.default_rng(seed).permutation(len(images))[: len(images) // 10]] = True
        fewest.append(int(np.bincount(class_number[drawn[image]], minlength=len(classes)).min()))
    return {"least": min(fewest), "median": int(np.median(fewest))}


def _mislabelled(categories: CategoryColumns, background_ids: Sequence[int]) -> tuple[MislabelledRow, ...]:
    printed = [(id_, name) for id_, name in names_by_id(categories).items() if id_ not in background_ids]
    pairs = zip(printed, sorted(printed), strict=True)
    return tuple(MislabelledRow(shown[1], real[1]) for shown, real in pairs if shown[0] != real[0])
