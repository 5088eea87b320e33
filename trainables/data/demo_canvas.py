"""Drawing tools of the demonstration data: soft masks, painting through them, and the box a mask fills.

Coordinates are pixels of the finished image. Pictures and masks are kept at twice that size and halved at the end, so
edges come out smooth. Nothing here knows bottles, and nothing draws random numbers but the sensor noise in `finish`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.float32]  # (2H, 2W, 3) BGR, 0 to 255
Mask = npt.NDArray[np.float32]  # (2H, 2W) coverage, 0 to 1
Pixels = npt.NDArray[np.uint8]  # (H, W, 3) BGR
Colour = tuple[float, float, float]  # BGR, 0 to 255
Box = tuple[float, float, float, float]  # x, y, width, height in pixels of the finished image
Points = Sequence[tuple[float, float]]

OVERSAMPLING = 2
_FRACTION_BITS = 4
_VISIBLE = 0.75  # OpenCV spreads an edge over one sample more, half covered


@dataclass(frozen=True)
class Frame:
    """Size of the finished image in pixels; with a `scale`, of the same drawing at that many times the samples."""

    width_px: int
    height_px: int
    scale: float = 1.0

    @property
    def samples(self) -> float:
        """Samples along one pixel."""
        return OVERSAMPLING * self.scale

    @property
    def shape(self) -> tuple[int, int]:
        """(2H, 2W) of masks and pictures, times the scale."""
        return round(self.height_px * self.samples), round(self.width_px * self.samples)

    def grid(self) -> tuple[Mask, Mask]:
        """Places (x, y), in pixels of the finished image, at every sample: each (2H, 2W), read-only."""
        return _grid(self)


@cache
def _grid(frame: Frame) -> tuple[Mask, Mask]:
    y, x = (np.indices(frame.shape, np.float32) + np.float32(0.5)) / np.float32(frame.samples)
    return np.broadcast_to(x, frame.shape), np.broadcast_to(y, frame.shape)  # read-only views: the cache is shared


def polygon(frame: Frame, points: Points) -> Mask:
    """Coverage of a filled polygon."""
    return polygons(frame, [points])


def polygons(frame: Frame, shapes: Sequence[Points]) -> Mask:
    """Coverage of filled polygons together; they may overlap."""
    canvas = np.zeros(frame.shape, np.uint8)
    for points in shapes:
        cv2.fillPoly(canvas, [_fixed_point(frame, points)], 255, cv2.LINE_AA, _FRACTION_BITS)
    return _coverage(canvas)


def ellipse(frame: Frame, centre: tuple[float, float], radii: tuple[float, float]) -> Mask:
    """Coverage of a filled upright ellipse."""
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    x, y = centre[0] + radii[0] * np.cos(turn), centre[1] + radii[1] * np.sin(turn)
    return polygon(frame, list(zip(x.tolist(), y.tolist(), strict=True)))


def stroke(frame: Frame, points: Points, width_px: float) -> Mask:
    """Coverage of an open line of the given width."""
    canvas = np.zeros(frame.shape, np.uint8)
    thickness = max(1, round(width_px * frame.samples))
    cv2.polylines(canvas, [_fixed_point(frame, points)], False, 255, thickness, cv2.LINE_AA, _FRACTION_BITS)
    return _coverage(canvas)


def dots(frame: Frame, centres: Points, radius_px: float) -> Mask:
    """Coverage of round dots of one size."""
    canvas = np.zeros(frame.shape, np.uint8)
    radius = round(radius_px * frame.samples * (1 << _FRACTION_BITS))
    for x, y in _fixed_point(frame, centres).tolist():
        cv2.circle(canvas, (x, y), radius, 255, -1, cv2.LINE_AA, _FRACTION_BITS)
    return _coverage(canvas)


def soften(mask: Mask, sigma_px: float, sigma_y_px: float | None = None) -> Mask:
    """The mask blurred by a Gaussian, along y by `sigma_y_px` where given."""
    sigma_y = sigma_px if sigma_y_px is None else sigma_y_px
    blurred = cv2.GaussianBlur(mask, (0, 0), sigma_px * OVERSAMPLING, sigmaY=sigma_y * OVERSAMPLING)
    return blurred.astype(np.float32, copy=False)


def paint(picture: Picture, mask: Mask, colour: Colour | Picture, opacity: float = 1.0) -> None:
    """Blends a colour, or another picture, into `picture` in place where the mask covers."""
    box = _covered(mask, 0.0)
    if box is None:
        return
    rows, columns = box
    source = colour[rows, columns] if isinstance(colour, np.ndarray) else np.asarray(colour, np.float32)
    weight = (mask[rows, columns] * np.float32(opacity))[..., None]
    picture[rows, columns] += (source - picture[rows, columns]) * weight


def box_of(mask: Mask) -> Box:
    """The tight box around everything the mask visibly covers.

    Raises:
        ValueError: when it covers nothing; a defect that is not drawn has no box.
    """
    covered = _covered(mask, _VISIBLE)
    if covered is None:
        raise ValueError("a box needs a mask that covers something, received an empty one; check the drawing's place")
    rows, columns = covered
    x, y = columns.start / OVERSAMPLING, rows.start / OVERSAMPLING
    return x, y, columns.stop / OVERSAMPLING - x, rows.stop / OVERSAMPLING - y


def finish(picture: Picture, rng: np.random.Generator, noise: float) -> Pixels:
    """The picture at its finished size, with sensor noise of that standard deviation (grey levels)."""
    steps = range(OVERSAMPLING)
    parts = [picture[row::OVERSAMPLING, column::OVERSAMPLING] for row in steps for column in steps]
    small = sum(parts[1:], start=parts[0]) / np.float32(len(parts))
    grain = rng.standard_normal((*small.shape[:2], 1), dtype=np.float32) * np.float32(noise)
    return np.clip(np.rint(small + grain), 0, 255).astype(np.uint8)


def _fixed_point(frame: Frame, points: Points) -> npt.NDArray[np.int32]:
    """OpenCV's fixed-point coordinates; its pixel centres are whole numbers, ours are halves."""
    scaled = np.asarray(points, np.float64) * frame.samples - 0.5
    return np.rint(scaled * (1 << _FRACTION_BITS)).astype(np.int32)


def _coverage(canvas: npt.NDArray[np.uint8]) -> Mask:
    return canvas.astype(np.float32) / np.float32(255)


def _covered(mask: Mask, above: float) -> tuple[slice, slice] | None:
    """Rows and columns of the smallest block that holds every sample above a coverage."""
    visible = mask > above
    rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    if not len(rows):
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
