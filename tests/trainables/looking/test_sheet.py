"""The sheet of an image: every map has its tile, in the image's frame."""

import numpy as np
import pytest

from trainables.looking.capturing import FeatureMap
from trainables.looking.sheet import Picture, feature_sheet

NO_BOXES = np.zeros((0, 4))
NO_IDS = np.zeros(0, dtype=np.int64)


def picture(height: int = 150, width: int = 200, boxes: np.ndarray = NO_BOXES) -> Picture:
    ids = np.arange(len(boxes))
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    return Picture("a picture", pixels, boxes, ids, boxes, ids, np.linspace(1, 0, len(boxes)))


def grid(rows: int, columns: int, cell_px: float, fill: float = 0.5) -> FeatureMap:
    return FeatureMap("level 0", np.full((rows, columns), fill, dtype=np.float32), 8, (cell_px, cell_px))


@pytest.mark.parametrize("count", [0, 1, 4, 5, 8, 9, 13])
def test_every_map_has_its_tile(count: int) -> None:
    figure = feature_sheet(picture(), [grid(12, 12, 16.7)] * count)
    assert len(figure.axes) == 1 + count


def test_a_map_covers_the_image_and_padding_lies_beyond() -> None:
    tile = feature_sheet(picture(150, 200), [grid(12, 12, 50 / 3)]).axes[1]
    assert tile.images[0].get_extent() == pytest.approx((0, 200, 200, 0))
    assert (tile.get_xlim(), tile.get_ylim()) == ((0, 200), (150, 0))


def test_boxes_of_no_size_and_outside_the_image_are_drawn() -> None:
    boxes = np.array([[10.0, 10.0, 0.0, 0.0], [-50.0, 140.0, 400.0, 90.0]])
    figure = feature_sheet(picture(boxes=boxes), [grid(1, 1, 200.0)])
    assert (len(figure.axes[0].patches), len(figure.axes[1].patches)) == (4, 2)
    figure.canvas.draw()
