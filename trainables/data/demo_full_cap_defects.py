"""Defects of caps and prints on necks, each painted into a box of any size and length.

A painter touches all four sides of its box and shows next to nothing outside of it.
"""

import cv2
import numpy as np
import numpy.typing as npt

from trainables.data.demo_canvas import (
    OVERSAMPLING,
    Colour,
    Frame,
    Mask,
    ellipse,
    paint,
    polygon,
    soften,
    stroke,
)
from trainables.data.demo_full_patch import Patch
from trainables.data.demo_print import crisp_print, smeared_print

_INK: Colour = (74, 40, 30)
_PITCH_PX = 4.0  # prints are set at this pitch, then stretched into their box
_ROWS_OF_TWO_LINES, _COLUMNS_OF_CHARACTER = 16, 6
_PUSH = 0.42
_INKED = 0.3  # coverage from which a print is seen


def paint_chip(patch: Patch, rng: np.random.Generator) -> None:
    """Cap broken: a piece is chipped off, the light inside of the plastic shows under a dark upper edge."""
    outline = filled_outline(rng, corners=int(rng.integers(9, 14)))
    hole = polygon(patch.frame, patch.points(outline))
    soft = min(1.0, patch.short_px * 0.05)
    paint(patch.picture, soften(hole, soft + 0.2), (18, 16, 22), 0.75)
    light = float(rng.uniform(190, 238))
    inner = polygon(patch.frame, patch.points(outline * 0.86 + [0.07, 0.12]))
    paint(patch.picture, soften(inner, soft + 0.1), (light * 0.95, light * 0.98, light))
    core = polygon(patch.frame, patch.points(outline * 0.5 + [0.25, 0.32]))
    paint(patch.picture, soften(core, max(0.3, patch.short_px * 0.06)), (118, 130, 142), 0.8)


def paint_torn_edge(patch: Patch, rng: np.random.Generator) -> None:
    """Cap bad edge: the ring's rim is torn, dark and ragged, with whitened plastic along the tear."""
    _, _, width, height = patch.box_xywh
    count = int(np.clip(round(width / height * 5), 7, 60))
    along = np.linspace(0, 1, count)
    upper = np.stack([along, _reaching(rng.uniform(0, 0.4, count))], 1)
    lower = np.stack([along, 1 - _reaching(np.where(np.arange(count) % 2, 0.0, rng.uniform(0.2, 0.5, count)))], 1)
    torn = polygon(patch.frame, patch.points(np.concatenate([upper, lower[::-1]])))
    paint(patch.picture, soften(torn, 0.6), (16, 20, 26), 0.95)
    bright = upper * [1.0, 0.9] + [0.0, 0.05]
    paint(
        patch.picture, stroke(patch.frame, patch.points(bright), max(0.8, patch.short_px * 0.09)), (175, 195, 210), 0.8
    )


def paint_break_point(patch: Patch, rng: np.random.Generator) -> None:
    """Cap break point: a bridge of the ring has snapped; a dark hole in stretched, whitened plastic."""
    x, y = patch.at(0.5, 0.5)
    width, height = (side / 2 for side in patch.box_xywh[2:])
    halo = ellipse(patch.frame, (x, y), (width, height))
    paint(patch.picture, halo, (120, float(rng.uniform(200, 230)), 250), 0.95)
    paint(patch.picture, soften(ellipse(patch.frame, (x, y), (width * 0.6, height * 0.6)), 0.5), (10, 8, 90))
    paint(patch.picture, ellipse(patch.frame, (x, y), (width * 0.32, height * 0.32)), (8, 8, 10))


def paint_dent(patch: Patch, rng: np.random.Generator) -> None:
    """Cap deformed: what the box shows is pushed in, with a crease in the shadow and its edge in the light."""
    bump, u, v = _bump(patch)
    side = float(rng.choice((-1.0, 1.0)))
    _, _, width, height = patch.box_xywh
    push_x = (bump * np.float32(side * _PUSH * 0.6 * min(width, height) * OVERSAMPLING)).astype(np.float32)
    push_y = (bump * np.float32(_PUSH * height * OVERSAMPLING)).astype(np.float32)
    y, x = np.indices(bump.shape, np.float32)
    border = cv2.BORDER_REPLICATE
    moved = cv2.remap(patch.picture, x - push_x, y - push_y, cv2.INTER_LINEAR, borderMode=border)
    patch.picture[...] = moved
    slope = (u * np.float32(0.5 * side) + v) * bump
    paint(patch.picture, np.clip(-slope * 1.6, 0, 1).astype(np.float32), (10, 9, 14), 0.75)
    paint(patch.picture, np.clip(slope * 1.6, 0, 1).astype(np.float32), (232, 236, 240), 0.6)


def paint_code(patch: Patch, rng: np.random.Generator) -> None:
    """Print normal: two lines of a production code, as many characters as the box is long."""
    _paint_print(patch, rng, smeared=False)


def paint_smeared_code(patch: Patch, rng: np.random.Generator) -> None:
    """Print abnormal: the same, wiped while wet."""
    _paint_print(patch, rng, smeared=True)


def filled_outline(rng: np.random.Generator, corners: int) -> npt.NDArray[np.float64]:
    """An uneven closed outline (corners, 2) that touches all four sides of the unit square."""
    turns = np.linspace(0, 2 * np.pi, corners, endpoint=False) + rng.uniform(-0.2, 0.2, corners)
    reach = rng.uniform(0.7, 1.1, corners)
    shape = np.stack([reach * np.cos(turns), reach * np.sin(turns)], 1)
    low, high = shape.min(axis=0), shape.max(axis=0)
    filled: npt.NDArray[np.float64] = (shape - low) / (high - low)
    return filled


def _reaching(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The same values with their smallest at 0, so that an outline reaches its box."""
    lowest: float = values.min()
    return values - lowest


def _bump(patch: Patch) -> tuple[Mask, Mask, Mask]:
    """A smooth hill over the box, 1 in its middle and 0 from its border on; and places (u, v) from -1 to 1 in it."""
    grid_x, grid_y = patch.frame.grid()
    x, y, width, height = patch.box_xywh
    u, v = (grid_x - x) / width * 2 - 1, (grid_y - y) / height * 2 - 1
    hill: Mask = (np.clip(1 - u**2, 0, 1) ** 0.7 * np.clip(1 - v**2, 0, 1) ** 0.7).astype(np.float32)
    return hill, u.astype(np.float32), v.astype(np.float32)


def _paint_print(patch: Patch, rng: np.random.Generator, smeared: bool) -> None:
    _, _, width, height = patch.box_xywh
    pitch = height / _ROWS_OF_TWO_LINES
    length = max(1, round(width / (pitch * _COLUMNS_OF_CHARACTER)))
    lines = tuple("".join(map(str, rng.integers(0, 10, length))) for _ in range(2))
    size = round(length * _COLUMNS_OF_CHARACTER * _PITCH_PX) + 24, round(_ROWS_OF_TWO_LINES * _PITCH_PX) + 24
    frame = Frame(*size)
    mask = crisp_print(frame, (12.0, 12.0), lines, _PITCH_PX)
    if smeared:
        mask = smeared_print(frame, mask, rng)
    paint(patch.picture, _stretched(mask, patch), _INK, 0.92)


def _stretched(mask: Mask, patch: Patch) -> Mask:
    """What the mask covers, stretched into the patch's box."""
    inked = mask > _INKED
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    part = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    x, y, width, height = (round(value * OVERSAMPLING) for value in patch.box_xywh)
    whole = np.zeros(patch.frame.shape, np.float32)
    target = whole[y : y + height, x : x + width]
    target[...] = cv2.resize(part, (target.shape[1], target.shape[0]), interpolation=cv2.INTER_AREA)
    return whole
