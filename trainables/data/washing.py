"""Washing the background class out of an annotation file: pure decisions over rows.

Background boxes go, and so do images that held nothing else; an image that also holds defects stays. Exact duplicates
stay, because the score counts each of them. Category ids are never renumbered; annotation ids are rebuilt from 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainables.data.annotation_file import AnnotationFile
from trainables.data.figures import boxes_of
from trainables.data.row_columns import Columns


@dataclass(frozen=True)
class Washed:
    """A file without background.

    Attributes:
        annotation_file: with rebuilt annotation ids.
        images_left_out: ids of the images that held background only.
        boxes_left_out: how many background boxes there were.
    """

    annotation_file: AnnotationFile
    images_left_out: tuple[int, ...]
    boxes_left_out: int


def wash(annotation_file: AnnotationFile, columns: Columns, background_ids: Sequence[int]) -> Washed:
    """Takes the background's boxes, images and categories out.

    Args:
        annotation_file: without errors other than annotation ids.
        columns: its rows.
        background_ids: category ids that are background.
    """
    boxes = boxes_of(columns, background_ids)
    with_defect = boxes.image_row[~boxes.is_background]
    only = np.setdiff1d(boxes.image_row[boxes.is_background], with_defect)
    kept_rows = boxes.row[~boxes.is_background].tolist()
    left_out = set(only.tolist())
    washed = annotation_file.with_rows(
        images=[row for number, row in enumerate(annotation_file.images) if number not in left_out],
        annotations=[
            {**annotation_file.annotations[row], "id": number} for number, row in enumerate(kept_rows, start=1)
        ],
        categories=[row for row in annotation_file.categories if row["id"] not in background_ids],
    )
    return Washed(washed, tuple(columns.images.id.values[only].tolist()), int(boxes.is_background.sum()))
