"""Liquor of the contest's second round: five frames `imgs_<id>_{0..4}.jpg` of one bottle that was shaken.

Impurities float from frame to frame, cracks and bubbles of the glass stay. Their sizes were never published with the
round's annotations: those drawn here are our own, and so is the size of the pictures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trainables.data.demo_canvas import Box, Frame
from trainables.data.demo_full_label_defects import paint_crack, paint_glass_bubble, paint_impurity
from trainables.data.demo_full_light import shine_unevenly
from trainables.data.demo_full_patch import FinishedPicture, Painter, paint_in_box
from trainables.data.demo_label import LABEL_FRAME, bottle_picture
from trainables.data.demo_scene import Mark

FRAMES = 5
LIQUOR_SIZE_PX = (658, 492)
IMPURITY, BOTTLE_BROKEN, GLASS_BUBBLE = 11, 12, 13
LIQUOR_NAMES = {IMPURITY: "酒液杂质", BOTTLE_BROKEN: "瓶身破损", GLASS_BUBBLE: "瓶身气泡"}
_FRAME = Frame(
    LABEL_FRAME.width_px, LABEL_FRAME.height_px, LIQUOR_SIZE_PX[0] / LABEL_FRAME.width_px / LABEL_FRAME.samples
)
_CUT_PX = (_FRAME.shape[0] - LIQUOR_SIZE_PX[1]) // 2
_TINT = (0.92, 1.0, 0.94)  # BGR of clear liquor in white glass
_PAINTERS: Mapping[int, Painter] = {
    IMPURITY: paint_impurity,
    BOTTLE_BROKEN: paint_crack,
    GLASS_BUBBLE: paint_glass_bubble,
}
_SHORT_PX = {IMPURITY: (8.0, 26.0), BOTTLE_BROKEN: (40.0, 130.0), GLASS_BUBBLE: (14.0, 46.0)}
# A bottle in this many has a crack or a bubble: in round 2, 73 and 131 boxes stand beside 2469 impurities.
_CRACKED, _BUBBLY = 0.1, 0.18
_CLEAN = 0.15
_INSIDE_X, _INSIDE_Y = (0.22, 0.78), (0.06, 0.94)


@dataclass(frozen=True)
class _Thing:
    """One object of a bottle: its box in the first frame, how far it floats until the next, and what shapes it."""

    category_id: int
    box_xywh: Box
    step_px: tuple[float, float]
    seed: int

    def box_in(self, frame: int) -> Box:
        """Its box in a frame, kept inside the bottle."""
        x, y, width, height = self.box_xywh
        left, right, top, bottom = _room(width, height)
        moved_x = min(max(x + frame * self.step_px[0], left), right)
        moved_y = min(max(y + frame * self.step_px[1], top), bottom)
        return float(round(moved_x)), float(round(moved_y)), width, height


def draw_liquor(rng: np.random.Generator) -> list[tuple[FinishedPicture, list[Mark]]]:
    """The five frames of one bottle, (492, 658, 3) BGR before noise, each with its marks."""
    grey, _ = bottle_picture(LABEL_FRAME.width_px / 2 + float(rng.uniform(-5, 5)), rng, _FRAME)
    bottle = grey[_CUT_PX : _CUT_PX + LIQUOR_SIZE_PX[1]] * np.asarray(_TINT, np.float32) * np.float32(1.25)
    shine_unevenly(bottle, rng)
    things = _things(rng)
    return [_drawn_frame(bottle, things, number, rng) for number in range(FRAMES)]


def _drawn_frame(
    bottle: FinishedPicture, things: Sequence[_Thing], number: int, rng: np.random.Generator
) -> tuple[FinishedPicture, list[Mark]]:
    picture = np.ascontiguousarray(bottle * np.float32(rng.uniform(0.96, 1.04)))
    for thing in things:
        paint_in_box(picture, thing.box_in(number), _PAINTERS[thing.category_id], np.random.default_rng(thing.seed))
    return picture, [Mark(thing.category_id, thing.box_in(number)) for thing in things]


def _things(rng: np.random.Generator) -> list[_Thing]:
    kinds = [BOTTLE_BROKEN] * bool(rng.uniform() < _CRACKED) + [GLASS_BUBBLE] * bool(rng.uniform() < _BUBBLY)
    kinds += [IMPURITY] * (0 if rng.uniform() < _CLEAN else int(rng.integers(1, 5)))
    return [_thing(kind, rng) for kind in kinds]


def _thing(category_id: int, rng: np.random.Generator) -> _Thing:
    low, high = np.log(_SHORT_PX[category_id])
    short = float(np.exp(rng.uniform(low, high)))
    sides = [round(short, 2), round(short * float(rng.uniform(1.0, 1.8)), 2)]
    width, height = (sides[place] for place in rng.permutation(2))
    left, right, top, bottom = _room(width, height)
    floats = category_id == IMPURITY
    step = (float(rng.uniform(-45, 45)), float(rng.uniform(-20, 30))) if floats else (0.0, 0.0)
    box = (float(rng.uniform(left, right)), float(rng.uniform(top, bottom)), width, height)
    return _Thing(category_id, box, step, int(rng.integers(1 << 31)))


def _room(width: float, height: float) -> tuple[float, float, float, float]:
    """Where the left and the top side of a box may lie: least and most x, least and most y."""
    whole_x, whole_y = LIQUOR_SIZE_PX
    return (
        _INSIDE_X[0] * whole_x,
        _INSIDE_X[1] * whole_x - width,
        _INSIDE_Y[0] * whole_y,
        _INSIDE_Y[1] * whole_y - height,
    )
