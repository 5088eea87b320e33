"""Grey pictures of a bottle's label with its three kinds of defect, and the boxes of what was painted.

The label is a flat sheet with a frame, a title, an emblem and lines of text, turned by its tilt around its centre and
shaded with the bottle. A label that is not askew stands within half a degree of upright.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainables.data.demo_canvas import (
    Box,
    Frame,
    Mask,
    Picture,
    Points,
    box_of,
    ellipse,
    paint,
    polygon,
    polygons,
    soften,
    stroke,
)

LABEL_FRAME = Frame(320, 240)
_PAPER, _PRINT = 182.0, 66.0
Bar = tuple[float, float, float, float]  # left, top, width, height on the sheet


@dataclass(frozen=True)
class Label:
    """Place of one label: centre and size in pixels of the finished image, tilt clockwise."""

    x_px: float
    y_px: float
    width_px: float
    height_px: float
    tilt_rad: float

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Picture place of a place on the sheet, measured from its centre."""
        cosine, sine = float(np.cos(self.tilt_rad)), float(np.sin(self.tilt_rad))
        return self.x_px + x * cosine - y * sine, self.y_px + x * sine + y * cosine

    def rectangle(self, left: float, top: float, width: float, height: float) -> Points:
        """Corners of a rectangle on the sheet, given from the sheet's top-left corner."""
        x, y = left - self.width_px / 2, top - self.height_px / 2
        corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
        return [self.point(*corner) for corner in corners]


def random_label(rng: np.random.Generator, askew: bool) -> Label:
    """A label of random place and size; askew ones lean 7 to 12 degrees to either side."""
    lean = float(rng.uniform(7, 12)) * float(rng.choice((-1, 1))) if askew else float(rng.uniform(-0.5, 0.5))
    return Label(
        x_px=float(rng.uniform(148, 172)),
        y_px=float(rng.uniform(112, 136)),
        width_px=float(rng.uniform(172, 206)),
        height_px=float(rng.uniform(82, 116)),
        tilt_rad=float(np.deg2rad(lean)),
    )


def label_picture(label: Label, rng: np.random.Generator, frame: Frame = LABEL_FRAME) -> Picture:
    """The bottle with its sound label."""
    picture, shade = bottle_picture(label.x_px + float(rng.uniform(-4, 4)), rng, frame)
    sheet = polygon(frame, label.rectangle(0, 0, label.width_px, label.height_px))
    paint(picture, soften(sheet, 2.5 * frame.scale), (30, 30, 30), 0.6)
    paint(picture, sheet, _grey(_PAPER * shade))
    printed = _printed(label, rng, frame)
    paint(picture, printed, _grey(_PRINT * shade), 0.9)
    return picture


def sheet_box(label: Label) -> Box:
    """Label askew: the box of the whole sheet."""
    return box_of(polygon(LABEL_FRAME, label.rectangle(0, 0, label.width_px, label.height_px)))


def paint_wrinkles(picture: Picture, label: Label, place: tuple[float, float], rng: np.random.Generator) -> Box:
    """Label wrinkled: a bundle of wavy folds around a place on the sheet, each a dark line beside a bright one."""
    width, height = float(rng.uniform(38, 62)), float(rng.uniform(0.46, 0.78)) * label.height_px
    folds, lit = np.zeros(LABEL_FRAME.shape, np.float32), np.zeros(LABEL_FRAME.shape, np.float32)
    along = np.linspace(-1, 1, 21)
    for offset in np.linspace(-1, 1, 5):
        length = float(np.sqrt(max(0.0, 1 - (0.75 * offset) ** 2))) * height / 2
        wave = np.sin(along * 4.2 + float(rng.uniform(0, 0.8))) * width * 0.07
        x, y = place[0] + offset * width * 0.42 + wave, place[1] + along * length
        folds = np.maximum(folds, stroke(LABEL_FRAME, _placed(label, x, y), 2.8))
        lit = np.maximum(lit, stroke(LABEL_FRAME, _placed(label, x + 2.9, y), 2.4))
    sheet = polygon(LABEL_FRAME, label.rectangle(0, 0, label.width_px, label.height_px))
    folds, lit = folds * sheet, lit * sheet
    paint(picture, soften(lit, 0.9), (240, 240, 240), 0.95)
    paint(picture, soften(folds, 0.8), (30, 30, 30), 0.95)
    return box_of(np.maximum(folds, lit))


def paint_bubble(picture: Picture, label: Label, place: tuple[float, float], radius_px: float) -> Box:
    """Label bubble: a round blister, bright on top with a dark foot and a highlight."""
    x, y = label.point(*place)
    high = radius_px * 0.95
    whole = ellipse(LABEL_FRAME, (x, y), (radius_px, high))
    dome = ellipse(LABEL_FRAME, (x - 0.8, y - 0.8), (radius_px - 2.6, high - 2.6))
    hollow = ellipse(LABEL_FRAME, (x + radius_px * 0.2, y + high * 0.24), (radius_px * 0.6, high * 0.55))
    gleam = ellipse(LABEL_FRAME, (x - radius_px * 0.34, y - high * 0.38), (radius_px * 0.24, high * 0.16))
    paint(picture, whole, (58, 58, 58), 0.85)
    paint(picture, soften(dome, 1.2), (224, 224, 224), 0.94)
    paint(picture, soften(hollow, radius_px * 0.16), (162, 162, 162), 0.6)
    paint(picture, soften(gleam, 1.2), (255, 255, 255), 0.95)
    return box_of(whole)


def bottle_picture(centre: float, rng: np.random.Generator, frame: Frame) -> tuple[Picture, Mask]:
    """A glass bottle that fills most of the frame, and the shade (0 to 1) its roundness gives to what is on it."""
    x, y = frame.grid()
    u = (x[:1] - centre) / float(rng.uniform(124, 132))
    body = np.clip((1 - np.abs(u)) * 256 + 0.5, 0, 1)
    across = (
        112 - 62 * np.abs(u) ** 5 + 58 * np.exp(-(((u + 0.8) / 0.05) ** 2)) + 34 * np.exp(-(((u - 0.84) / 0.04) ** 2))
    )
    tone = across + 14 * np.cos((y[:, :1] - float(rng.uniform(0, 60))) / 70)
    hall = 52 - y[:, :1] * 0.08
    shade = 1.05 - 0.3 * np.abs(u) ** 3 + 0.05 * np.cos(u * 3 + 1)
    return _grey(hall + (tone - hall) * body), np.broadcast_to(shade, x.shape)


def _grey(tones: Mask) -> Picture:
    """Grey levels (2H, 2W) as a picture."""
    return np.repeat(tones[..., None], 3, axis=2)


def _printed(label: Label, rng: np.random.Generator, frame: Frame) -> Mask:
    """Ink on the sheet: a double frame, a title, an emblem and lines of small text."""
    width, height = label.width_px, label.height_px
    shapes = [label.rectangle(*bar) for bar in _frame_bars(width, height)]
    for index in range(4):
        corner = (width * (0.38 + index * 0.105), height * 0.17)
        shapes += [label.rectangle(*bar) for bar in _character(corner, height * 0.22, rng)]
    for row in np.arange(height * 0.5, height - 12, 6.5):
        shapes += [label.rectangle(*dash) for dash in _dashes(width, float(row), rng)]
    emblem = (width * 0.2, height * 0.36, 13.0)
    shapes.append(_diamond(label, *emblem))
    return polygons(frame, shapes)


def _frame_bars(width: float, height: float) -> list[Bar]:
    inset, thin = 4.0, 1.6
    across, down = width - 2 * inset, height - 2 * inset
    return [
        (inset, inset, across, thin),
        (inset, height - inset - thin, across, thin),
        (inset, inset, thin, down),
        (width - inset - thin, inset, thin, down),
    ]


def _character(corner: tuple[float, float], size: float, rng: np.random.Generator) -> list[Bar]:
    """Strokes that pass for one Chinese character: three across, two or three down."""
    (left, top), thick, width = corner, size * 0.13, size * 0.78
    heights, sides = (0.0, float(rng.uniform(0.35, 0.5)), 0.87), rng.permutation((0.0, 0.42, 0.84))
    across = [(left, top + height * size, width, thick) for height in heights]
    return across + [(left + side * width, top, thick, size) for side in sides[: int(rng.integers(2, 4))].tolist()]


def _dashes(width: float, top: float, rng: np.random.Generator) -> list[Bar]:
    """Words of one line of small text."""
    words, left = [], width * 0.12
    while left < width * 0.82:
        length = float(rng.uniform(6, 18))
        words.append((left, top, min(length, width * 0.88 - left), 2.0))
        left += length + 4
    return words


def _diamond(label: Label, left: float, top: float, radius: float) -> Points:
    x, y = left - label.width_px / 2, top - label.height_px / 2
    return [label.point(x + dx * radius, y + dy * radius) for dx, dy in ((0, -1), (1, 0), (0, 1), (-1, 0))]


def _placed(label: Label, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Points:
    return [label.point(float(px), float(py)) for px, py in zip(x, y, strict=True)]
