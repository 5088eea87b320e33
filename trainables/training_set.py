"""The training images as an mmdet data set, read through `results.boxes.Truth`.

mmdet's own `CocoDataset` stops at repeated annotation ids (the competition's file has 2011 ids for 6945 boxes) and
orders labels by the file's category list. Here a label is the position of the category's id among the scored ids, in
ascending order, whatever the file says.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.datasets.base_det_dataset import BaseDetDataset

from results.boxes import Truth, truth_from_coco
from trainables.class_balance import image_repeats
from trainables.data.learnable import corners_in_image, has_pixels
from trainables.data.left_out import openable
from trainables.image_faults import naming_image

# COCO's small boxes, in pixels of the image.
_SMALL_PX2 = 32 * 32


class TruthDataset(BaseDetDataset):  # type: ignore[misc]  # mmdet is untyped
    """COCO annotations for training; images without a scored box are left out, as mmdet's base class does.

    Args:
        category_ids: scored category ids, ascending; label i is `category_ids[i]`.
        small_repeats: times that an image with a small box is listed.
        balance_threshold: share of the images below which a class is rare and its images are listed more often, see
            `trainables.class_balance`; 0 for none.
        balance_weights: weights of the labels in that; empty for 1 each.
        allow_damaged: images that cannot be opened are left out.
        donors: whether each image brings another along, drawn anew every time, whose boxes may be pasted into it.
        arguments: mmdet's own (`ann_file`, `data_prefix`, `pipeline`, ...).
    """

    def __init__(
        self,
        *arguments: Any,
        category_ids: Sequence[int],
        small_repeats: int = 1,
        donors: bool = False,
        allow_damaged: bool = False,
        balance_threshold: float = 0.0,
        balance_weights: Sequence[float] = (),
        **options: Any,
    ) -> None:
        self.category_ids = tuple(category_ids)
        self.small_repeats = small_repeats
        self.donors = donors
        self.allow_damaged = allow_damaged
        self.balance_threshold = balance_threshold
        self.balance_weights = balance_weights
        super().__init__(*arguments, **options)

    def load_data_list(self) -> list[dict[str, object]]:
        """One entry an image, in the file's order."""
        truth, folder = truth_from_coco(Path(self.ann_file)), Path(self.data_prefix["img"])
        return training_entries(openable(truth, folder) if self.allow_damaged else truth, folder, self.category_ids)

    def prepare_data(self, idx: int) -> Any:
        """One image through the pipeline.

        Raises:
            CorruptImageError: it cannot be read.
        """
        entry = self.get_data_info(idx)
        if self.donors:
            entry["donor"] = self.get_data_info(int(np.random.randint(len(self))))
        with naming_image(Path(entry["img_path"])):
            return self.pipeline(entry)

    def filter_data(self) -> list[dict[str, object]]:
        """Entries with a box to learn from."""
        entries: list[dict[str, Any]] = self.data_list
        if self.test_mode:
            return entries
        kept = [entry for entry in entries if any(not one["ignore_flag"] for one in entry["instances"])]
        balanced = self._balanced(kept)
        return [entry for entry in balanced for _ in range(self.small_repeats if _has_small_box(entry) else 1)]

    def _balanced(self, entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        if not self.balance_threshold:
            return list(entries)
        repeats = image_repeats([_labels(entry) for entry in entries], self.balance_threshold, self.balance_weights)
        return [entry for entry, times in zip(entries, repeats, strict=True) for _ in range(times)]


def _labels(entry: Mapping[str, Any]) -> set[int]:
    return {one["bbox_label"] for one in entry["instances"] if not one["ignore_flag"]}


def _has_small_box(entry: Mapping[str, Any]) -> bool:
    corners = np.array([one["bbox"] for one in entry["instances"] if not one["ignore_flag"]])
    return bool((np.prod(corners[:, 2:] - corners[:, :2], axis=1) < _SMALL_PX2).any())


def training_entries(truth: Truth, folder: Path, category_ids: Sequence[int]) -> list[dict[str, object]]:
    """mmdet's description of each image and its boxes.

    Args:
        truth: boxes in original-image pixels, xywh.
        folder: where the images lie.
        category_ids: scored category ids; boxes of other categories are not objects here.

    Returns:
        Dictionaries with `img_path`, `img_id`, `height`, `width` and `instances` (`bbox` as xyxy pixels clipped to the
        image, `bbox_label`, `ignore_flag` 1 for crowd boxes).
    """
    label_of = {category: label for label, category in enumerate(category_ids)}
    rows_of, corners, is_object = _rows_by_image(truth), corners_in_image(truth), has_pixels(truth)
    images = truth.images
    entries: list[dict[str, object]] = []
    for index, name in enumerate(images.file_name):
        rows = rows_of.get(int(images.image_id[index]), ())
        entries.append(
            {
                "img_path": str(folder / name),
                "img_id": int(images.image_id[index]),
                "height": int(images.height_px[index]),
                "width": int(images.width_px[index]),
                "instances": [
                    {
                        "bbox": corners[row].tolist(),
                        "bbox_label": label_of[int(truth.category_id[row])],
                        "ignore_flag": int(truth.is_crowd[row]),
                    }
                    for row in rows
                    if int(truth.category_id[row]) in label_of and is_object[row]
                ],
            }
        )
    return entries


def _rows_by_image(truth: Truth) -> dict[int, list[int]]:
    rows: dict[int, list[int]] = {}
    for row, image in enumerate(truth.image_id.tolist()):
        rows.setdefault(image, []).append(row)
    return rows
