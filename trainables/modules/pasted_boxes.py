"""Copies a defect of another training image into an image: boxes will do, where mmdet's `CopyPaste` wants masks.

The box is taken with a little of what surrounds it, which fades into the image, and is put where no box lies. Draws
from NumPy's generator, whose state a checkpoint holds, and keeps nothing between images.

Source: Dwibedi et al., Cut, paste and learn (ICCV 2017) for the faded border; point 17 of the competition's log.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmcv.transforms.base import BaseTransform
from mmdet.structures.bbox import HorizontalBoxes

from trainables.image_faults import naming_image

_ATTEMPTS = 10
# Of the box's side, on each side of it.
_MARGIN = 0.1

Corners = tuple[int, int, int, int]


class PastedBoxes(BaseTransform):  # type: ignore[misc]  # mmcv is untyped
    """Pastes one box of `donor`, a data set's entry that the image brings along.

    Args:
        prob: share of images that are tried; one without a donor or room stays as it is.
    """

    def __init__(self, prob: float) -> None:
        self.prob = prob
        self._load = LoadImageFromFile()

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Adds pixels, box and label; `img` is changed in place."""
        donor = results.pop("donor", None)
        boxes = [] if donor is None else [one for one in donor["instances"] if not one["ignore_flag"]]
        if not boxes or np.random.rand() >= self.prob:
            return results
        chosen = boxes[np.random.randint(len(boxes))]
        with naming_image(Path(donor["img_path"])):
            pixels = self._load({"img_path": donor["img_path"]})["img"]
        patch, inner = _with_margin(pixels, chosen["bbox"])
        corner = _free_place(patch.shape, results["img"].shape, results["gt_bboxes"].numpy())
        if corner is not None:
            _paste(results["img"], patch, inner, corner)
            _add_box(results, inner, corner, chosen["bbox_label"])
        return results


def _with_margin(pixels: np.ndarray, corners: Sequence[float]) -> tuple[np.ndarray, Corners]:
    """The pixels of a box and around it, and the box within them."""
    height, width = pixels.shape[:2]
    x1, y1, x2, y2 = int(corners[0]), int(corners[1]), int(np.ceil(corners[2])), int(np.ceil(corners[3]))
    x2, y2 = min(x2, width), min(y2, height)
    across, down = round((x2 - x1) * _MARGIN), round((y2 - y1) * _MARGIN)
    left, top = max(x1 - across, 0), max(y1 - down, 0)
    patch = pixels[top : min(y2 + down, height), left : min(x2 + across, width)]
    return patch, (x1 - left, y1 - top, x2 - left, y2 - top)


def _free_place(patch: Sequence[int], image: Sequence[int], boxes: np.ndarray) -> tuple[int, int] | None:
    """Left and upper border of a patch that touches no box, None where none is found."""
    if patch[0] > image[0] or patch[1] > image[1]:
        return None
    for _ in range(_ATTEMPTS):
        left = int(np.random.randint(image[1] - patch[1] + 1))
        top = int(np.random.randint(image[0] - patch[0] + 1))
        apart_x = (boxes[:, 0] >= left + patch[1]) | (boxes[:, 2] <= left)
        apart_y = (boxes[:, 1] >= top + patch[0]) | (boxes[:, 3] <= top)
        if (apart_x | apart_y).all():
            return left, top
    return None


def _paste(image: np.ndarray, patch: np.ndarray, inner: Corners, corner: tuple[int, int]) -> None:
    height, width = patch.shape[:2]
    shares = np.minimum.outer(_fading(height, inner[1], inner[3]), _fading(width, inner[0], inner[2]))[..., None]
    place = image[corner[1] : corner[1] + height, corner[0] : corner[0] + width]
    place[:] = np.rint(patch * shares + place * (1 - shares)).astype(image.dtype)


def _fading(length: int, start: int, stop: int) -> np.ndarray:
    """1 between start and stop, falling towards both ends."""
    cells = np.arange(length)
    before, after = (cells + 1) / (start + 1), (length - cells) / (length - stop + 1)
    return np.minimum(1.0, np.minimum(before, after))


def _add_box(results: dict[str, Any], inner: Corners, corner: tuple[int, int], label: int) -> None:
    offset = np.array([*corner, *corner], dtype=np.float32)
    added = HorizontalBoxes((np.array(inner, dtype=np.float32) + offset)[None])
    results["gt_bboxes"] = results["gt_bboxes"].cat([results["gt_bboxes"], added])
    results["gt_bboxes_labels"] = np.append(results["gt_bboxes_labels"], np.int64(label))
    results["gt_ignore_flags"] = np.append(results["gt_ignore_flags"], False)
