"""A small part of a large picture, lifted out to be painted at twice its size and put back.

Every painter of `demo_full` fills a box of a size that is given to it; `Patch` says where that box lies in the part
that was lifted. Coordinates are pixels of the part. Nothing here draws.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from trainables.data.demo_canvas import OVERSAMPLING, Box, Frame, Picture, Points

FinishedPicture = npt.NDArray[np.float32]  # (H, W, 3) BGR or (H, W) grey, 0 to 255, at its finished size
_MARGIN_PX, _MARGIN_SHARE = 4.0, 0.12


@dataclass(frozen=True)
class Patch:
    """What a painter works on.

    Attributes:
        picture: (2H, 2W, 3), painted in place.
        frame: its size.
        box_xywh: what is to be filled, in pixels of the part.
    """

    picture: Picture
    frame: Frame
    box_xywh: Box

    def at(self, u: float, v: float) -> tuple[float, float]:
        """The place at shares (u, v) of the box, from its top left corner; may lie outside of [0, 1]."""
        x, y, width, height = self.box_xywh
        return x + u * width, y + v * height

    def points(self, shares: npt.NDArray[np.float64]) -> Points:
        """`at` for each row (u, v) of shares (N, 2)."""
        return [self.at(float(u), float(v)) for u, v in shares]

    @property
    def short_px(self) -> float:
        """The box's short side."""
        return min(self.box_xywh[2:])


Painter = Callable[[Patch, np.random.Generator], None]


def paint_in_box(picture: FinishedPicture, box_xywh: Box, painter: Painter, rng: np.random.Generator) -> None:
    """Has a painter fill a box of a finished picture, in place; what leaves the picture is cut off."""
    margin = round(_MARGIN_PX + _MARGIN_SHARE * min(box_xywh[2:]))
    left, top = int(box_xywh[0]) - margin, int(box_xywh[1]) - margin
    right, bottom = (int(np.ceil(box_xywh[side] + box_xywh[side + 2])) + margin for side in (0, 1))
    inside = slice(max(top, 0), bottom), slice(max(left, 0), right)
    before = (max(-top, 0), max(-left, 0))
    part = picture[inside]
    frame = Frame(part.shape[1], part.shape[0])
    local = (box_xywh[0] - left - before[1], box_xywh[1] - top - before[0], box_xywh[2], box_xywh[3])
    lifted = _enlarged(part)
    painter(Patch(lifted, frame, local), rng)
    reduced = cv2.resize(lifted, (frame.width_px, frame.height_px), interpolation=cv2.INTER_AREA)
    picture[inside] = reduced if picture.ndim > 2 else reduced[..., 0]  # noqa: PLR2004  # grey pictures have two axes


def _enlarged(part: FinishedPicture) -> Picture:
    """Colours at twice the size: each pixel four times, so that what is not painted comes back unchanged."""
    coloured = part if part.ndim > 2 else np.repeat(part[..., None], 3, axis=2)  # noqa: PLR2004
    return np.repeat(np.repeat(coloured, OVERSAMPLING, axis=0), OVERSAMPLING, axis=1)
