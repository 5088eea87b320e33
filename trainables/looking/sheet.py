"""One sheet for an image: what is there and what was found, and beside it every captured map in the image's frame.

Classes stand under their ids: their names may be in a script that matplotlib has no letters for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from results.boxes import FloatArray, IntArray
from trainables.looking.capturing import FeatureMap

_COLUMNS = 4
_LARGE = 2  # the image takes so many rows and columns
_CELL_INCHES = 3.2
_TITLE_INCHES = 0.42
_COLOURS = "magma"
_TRUTH, _FOUND = "#2ca02c", "#d62728"
DPI = 100


@dataclass(frozen=True)
class Picture:
    """An image with its boxes, all in its own pixels.

    Attributes:
        title: above it.
        pixels: (H, W, 3) RGB, uint8.
        truth_xywh: (G, 4).
        truth_ids: (G,) category ids.
        found_xywh: (N, 4).
        found_ids: (N,) category ids.
        scores: (N,), the best first.
    """

    title: str
    pixels: npt.NDArray[np.uint8]
    truth_xywh: FloatArray
    truth_ids: IntArray
    found_xywh: FloatArray
    found_ids: IntArray
    scores: FloatArray


def feature_sheet(picture: Picture, maps: Sequence[FeatureMap]) -> Figure:
    """The image, large, and a tile for each map."""
    height, width = picture.pixels.shape[:2]
    rows = max(_LARGE, 1 + (len(maps) - 1 + _LARGE * _LARGE) // _COLUMNS)
    cell_inches = _CELL_INCHES * min(max(height / width, 0.4), 1.6) + _TITLE_INCHES
    figure = Figure(figsize=(_COLUMNS * _CELL_INCHES, rows * cell_inches), layout="constrained")
    grid = figure.add_gridspec(rows, _COLUMNS)
    _draw_image(figure.add_subplot(grid[:_LARGE, :_LARGE]), picture)
    places = [(row, column) for row in range(rows) for column in range(_COLUMNS) if row >= _LARGE or column >= _LARGE]
    for (row, column), one in zip(places, maps, strict=False):
        _draw_map(figure.add_subplot(grid[row, column]), one, picture)
    return figure


def _draw_image(axes: Axes, picture: Picture) -> None:
    axes.imshow(picture.pixels)
    for box, category in zip(picture.truth_xywh, picture.truth_ids, strict=True):
        _draw_box(axes, box, _TRUTH, 2.5)
        _label(axes, (box[0] + box[2], box[1] + box[3]), f"{category}", _TRUTH, "top", "right")
    found = list(zip(picture.found_xywh, picture.found_ids, picture.scores, strict=True))
    for box, category, score in reversed(found):  # the best one's label lies on top
        _draw_box(axes, box, _FOUND, 1.4)
        _label(axes, (box[0], box[1]), f"{category}: {score:.2f}", _FOUND, "bottom", "left")
    _frame(axes, picture)
    axes.set_title(picture.title, fontsize=10, loc="left")


def _draw_map(axes: Axes, one: FeatureMap, picture: Picture) -> None:
    rows, columns = one.values.shape
    extent = (0.0, columns * one.cell_px[0], rows * one.cell_px[1], 0.0)  # padding lies beyond the image's frame
    axes.imshow(one.values, cmap=_COLOURS, extent=extent, interpolation="nearest")
    for box in picture.truth_xywh:
        _draw_box(axes, box, "white", 0.7)
    _frame(axes, picture)
    low, high = float(one.values.min()), float(one.values.max())
    axes.set_title(f"{one.name}, stride {one.stride_px}: {low:.3g} to {high:.3g}", fontsize=9, loc="left")


def _draw_box(axes: Axes, box: Any, colour: str, width: float) -> None:
    axes.add_patch(Rectangle((box[0], box[1]), box[2], box[3], fill=False, edgecolor=colour, linewidth=width))


def _label(axes: Axes, place: tuple[float, float], text: str, colour: str, vertical: str, horizontal: str) -> None:
    patch = {"facecolor": colour, "edgecolor": "none", "pad": 1.0, "alpha": 0.85}
    axes.text(*place, text, color="white", fontsize=7, va=vertical, ha=horizontal, bbox=patch, clip_on=True)


def _frame(axes: Axes, picture: Picture) -> None:
    height, width = picture.pixels.shape[:2]
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.set_xticks([])
    axes.set_yticks([])
