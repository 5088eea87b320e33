"""Overlapping tiles of an image: where they lie, and which boxes found in one are worth keeping. Pure geometry.

A 4096x3000 image that is shrunk to 1333x1000 loses its smallest defects; its tiles at that scale do not. The image is
shown whole as well, for what is larger than the overlap. Cuts nothing out of pixels and predicts nothing.

Source: Akyon et al., Slicing aided hyper inference (ICIP 2022), from which the layout is taken: equal tiles, the last
of a row or column moved back to the border. Theirs merges the halves of boxes that a tile cuts; here they are dropped,
because a neighbour or the whole image shows the object uncut.
"""

from dataclasses import dataclass
from itertools import product

from results.errors import InputError
from trainables.notation import NONE, ImageScale, parse_scale

DEFAULT_OVERLAP = 0.2
_MOST_OVERLAP = 0.8
# A box that ends so near to a cut, in pixels of the image, was ended by it.
NEAR_CUT_PX = 2.0


@dataclass(frozen=True)
class Window:
    """A part of an image, or all of it, in pixels of the image.

    Attributes:
        left_px: its left border.
        top_px: its upper border.
        width_px: across.
        height_px: down.
        cuts: whether its left, upper, right and lower border lie inside the image.
    """

    left_px: int
    top_px: int
    width_px: int
    height_px: int
    cuts: tuple[bool, bool, bool, bool] = (False, False, False, False)


@dataclass(frozen=True)
class Tiling:
    """How images are cut.

    Attributes:
        tile: sides of a tile; it is turned to lie as the image does.
        overlap: share of a tile's side that its neighbour shows too, at least.
    """

    tile: ImageScale
    overlap: float


def parse_tiling(text: str) -> Tiling | None:
    """Reads "none", "1024x768" or "1024x768/0.25", the overlap after the stroke.

    Raises:
        InputError: another form.
    """
    if text == NONE:
        return None
    size, stroke, share = text.partition("/")
    try:
        overlap = float(share) if stroke else DEFAULT_OVERLAP
    except ValueError:
        overlap = -1.0
    if not 0 <= overlap <= _MOST_OVERLAP:
        rule = f"tiles overlap by a share of their side from 0 to {_MOST_OVERLAP}"
        raise InputError(rule, repr(text), 'write for example "1024x768/0.2"')
    return Tiling(parse_scale(size), overlap)


def windows(width_px: int, height_px: int, tiling: Tiling | None) -> list[Window]:
    """The whole image, then its tiles row by row; an image that fits into one tile has none."""
    whole = Window(0, 0, width_px, height_px)
    if tiling is None:
        return [whole]
    long_px, short_px = tiling.tile.width_px, tiling.tile.height_px
    across, down = (long_px, short_px) if width_px >= height_px else (short_px, long_px)
    columns, rows = (_starts(side, tile, tiling.overlap) for side, tile in ((width_px, across), (height_px, down)))
    tiles = [
        _window(left, top, (min(across, width_px), min(down, height_px)), (width_px, height_px))
        for top, left in product(rows, columns)
    ]
    return [whole, *tiles] if len(tiles) > 1 else [whole]


def _window(left: int, top: int, size: tuple[int, int], image: tuple[int, int]) -> Window:
    cuts = (left > 0, top > 0, left + size[0] < image[0], top + size[1] < image[1])
    return Window(left, top, *size, cuts)


def _starts(side_px: int, tile_px: int, overlap: float) -> list[int]:
    """Where tiles begin along a side, so that the last one ends at the border."""
    if side_px <= tile_px:
        return [0]
    step = max(1, round(tile_px * (1 - overlap)))
    return [*range(0, side_px - tile_px, step), side_px - tile_px]
