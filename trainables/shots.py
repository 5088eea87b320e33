"""How a view shows an image: whole or in tiles, at one scale or several, as it is or mirrored; and the way back.

    shots(pixels, view)             what is predicted, each a part of the image at a scale
    shot.directions                 the mirrorings in which it is
    shot.in_image(boxes, way)       boxes of such a mirroring in pixels of the image

Predicts nothing and decides nothing about what is kept, but for boxes that a tile has cut.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmcv.transforms import Compose
from torch import Tensor

from trainables.detectors.pipelines import LOAD, loaded_pipeline
from trainables.image_faults import naming_image
from trainables.tiles import NEAR_CUT_PX, Window, parse_tiling, windows

AS_IT_IS, HORIZONTAL, VERTICAL = "as it is", "horizontal", "vertical"
_AXIS = {HORIZONTAL: -1, VERTICAL: -2}


@dataclass(frozen=True)
class ImageFile:
    """An image to predict: its id in the annotation file, and where it lies."""

    image_id: int
    path: Path


@dataclass(frozen=True)
class Shot:
    """A part of an image at one scale.

    Attributes:
        packed: as mmdet's test pipelines put out: `inputs` (3, H, W) and `data_samples`, whose original shape is the
            part's.
        window: which part.
    """

    packed: dict[str, Any]
    window: Window

    def pixels(self, direction: str) -> Tensor:
        """(3, H, W), mirrored in a direction."""
        inputs: Tensor = self.packed["inputs"]
        return inputs if direction == AS_IT_IS else inputs.flip(_AXIS[direction])

    def in_image(self, boxes: Tensor, scores: Tensor, direction: str) -> tuple[Tensor, Tensor]:
        """Boxes as xyxy of the mirrored part -> of the image; what a cut has ended scores -1 from now on.

        Args:
            boxes: (N, 4).
            scores: (N,).
            direction: in which the part was mirrored.
        """
        window = self.window
        boxes = _mirrored(boxes, direction, window)
        ends = torch.tensor([0, 0, window.width_px, window.height_px], dtype=boxes.dtype)
        ended = ((boxes - ends).abs() <= NEAR_CUT_PX) & torch.tensor(window.cuts)
        corner = torch.tensor([window.left_px, window.top_px] * 2, dtype=boxes.dtype)
        return boxes + corner, scores.masked_fill(ended.any(-1), -1.0)


def load_pixels(image: ImageFile) -> np.ndarray:
    """(H, W, 3) as BGR, uint8.

    Raises:
        CorruptImageError: it is missing or cannot be read.
    """
    with naming_image(image.path):
        pixels: np.ndarray = Compose([LOAD])({"img_path": str(image.path)})["img"]
    return pixels


def shots(pixels: np.ndarray, image: ImageFile, scales: str, tiles: str) -> Iterator[Shot]:
    """What an image is predicted as.

    Args:
        pixels: from `load_pixels`.
        image: whose they are.
        scales: "1333x800", or several with strokes between.
        tiles: see `parse_tiling`.

    Raises:
        PipelineError: a part cannot be brought to a scale.
    """
    pipelines = [Compose(loaded_pipeline(scale)) for scale in scales.split("|")]
    height_px, width_px = pixels.shape[:2]
    for window in windows(width_px, height_px, parse_tiling(tiles)):
        rows = slice(window.top_px, window.top_px + window.height_px)
        part = pixels[rows, window.left_px : window.left_px + window.width_px]
        for pipeline in pipelines:
            shape = {"img_shape": part.shape[:2], "ori_shape": part.shape[:2]}
            named = {"img": part, "img_path": str(image.path), "img_id": image.image_id}
            with naming_image(image.path):
                packed = pipeline({**named, **shape})
            yield Shot(packed, window)


def _mirrored(boxes: Tensor, direction: str, window: Window) -> Tensor:
    x1, y1, x2, y2 = boxes.unbind(-1)
    if direction == HORIZONTAL:
        x1, x2 = window.width_px - x2, window.width_px - x1
    elif direction == VERTICAL:
        y1, y2 = window.height_px - y2, window.height_px - y1
    return torch.stack([x1, y1, x2, y2], -1)
