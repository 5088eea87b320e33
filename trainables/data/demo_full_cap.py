"""Caps of `demo_full` (658x492 px, colour): their shape, where each kind of defect belongs, and the finished picture.

Shapes are in the units of `demo_cap`'s small frame; boxes are in pixels of the finished picture.
"""

from collections.abc import Callable, Mapping

import numpy as np

from trainables.data.demo_canvas import Box, Frame
from trainables.data.demo_cap import CAP_FRAME, GRIP, PALETTE, RIM_PX, Cap, cap_picture
from trainables.data.demo_cap_defects import twisted_box
from trainables.data.demo_full_cap_defects import (
    paint_break_point,
    paint_chip,
    paint_code,
    paint_dent,
    paint_smeared_code,
    paint_torn_edge,
)
from trainables.data.demo_full_light import shine_unevenly
from trainables.data.demo_full_patch import FinishedPicture, Painter, paint_in_box
from trainables.data.demo_full_places import Centre, free_box
from trainables.data.demo_full_plan import Planned
from trainables.data.demo_scene import BAD_EDGE, BAD_PRINT, BREAK_POINT, BROKEN, DEFORMED, PRINT, SPINNING, Mark

CAP_SIZE_PX = (658, 492)
_PX = CAP_SIZE_PX[0] / CAP_FRAME.width_px  # pixels of the finished picture in one unit of the small one
_FRAME = Frame(CAP_FRAME.width_px, CAP_FRAME.height_px, _PX / CAP_FRAME.samples)
_CUT_PX = (_FRAME.shape[0] - CAP_SIZE_PX[1]) // 2
_PAINTERS: Mapping[int, Painter] = {
    BROKEN: paint_chip,
    DEFORMED: paint_dent,
    BAD_EDGE: paint_torn_edge,
    BREAK_POINT: paint_break_point,
    PRINT: paint_code,
    BAD_PRINT: paint_smeared_code,
}


# Heights on the cap where the middle of an object may lie, by its kind: of a cap and of half the object's height.
_Heights = Callable[[Cap, float, np.random.Generator], float]
_HEIGHTS: Mapping[int, _Heights] = {
    BROKEN: lambda cap, half, rng: cap.top_px + float(rng.triangular(-0.05, 0.0, 0.9)) * cap.shell_px,
    DEFORMED: lambda cap, half, rng: cap.top_px - RIM_PX + half * float(rng.uniform(0.3, 0.9)),
    BAD_EDGE: lambda cap, half, rng: cap.ring_px[1] - half * float(rng.uniform(0.3, 0.8)),
    BREAK_POINT: lambda cap, half, rng: cap.gap_px + 1.5,
    PRINT: lambda cap, half, rng: cap.ring_px[1] + RIM_PX + half + float(rng.uniform(0, 14)),
    BAD_PRINT: lambda cap, half, rng: cap.ring_px[1] + RIM_PX + half + float(rng.uniform(0, 14)),
}


def draw_cap(objects: tuple[Planned, ...], rng: np.random.Generator) -> tuple[FinishedPicture, list[Mark]]:
    """A cap with these objects, (492, 658, 3) BGR before noise, and a mark for each of them.

    One grip is twisted at most: a second spinning cap of one picture has the same box.
    """
    twisted = next((planned for planned in objects if planned.category_id == SPINNING), None)
    cap = _random_cap(twisted, rng)
    drawn = cap_picture(cap, rng, _FRAME)
    picture = np.ascontiguousarray(drawn[_CUT_PX : _CUT_PX + CAP_SIZE_PX[1]])
    shine_unevenly(picture, rng)
    marks: list[Mark] = []
    for planned in sorted(objects, key=lambda one: -one.width_px * one.height_px):
        if planned.category_id == SPINNING:
            marks.append(Mark(SPINNING, _grip_box(cap)))
            continue
        taken = [mark.box_xywh for mark in marks]
        box = free_box(planned, lambda one: _centre(cap, one, rng), taken, CAP_SIZE_PX)
        paint_in_box(picture, box, _PAINTERS[planned.category_id], rng)
        marks.append(Mark(planned.category_id, box))
    return picture, marks


def _centre(cap: Cap, planned: Planned, rng: np.random.Generator) -> Centre:
    """A place for the middle of an object, in pixels, where its kind belongs."""
    half_width, half_height = planned.width_px / 2 / _PX, planned.height_px / 2 / _PX
    reach = float(np.clip(0.85 - half_width / cap.half_width_px, 0.0, 0.8))
    u = float(rng.uniform(-reach, reach))
    return _pixels(*cap.point(u, _HEIGHTS[planned.category_id](cap, half_height, rng)))


def _random_cap(twisted: Planned | None, rng: np.random.Generator) -> Cap:
    """A cap of random place, shape and colour; the grip of a twisted one fills the planned box."""
    half_width, shell = float(rng.uniform(47, 55)), float(rng.uniform(49, 57))
    if twisted is not None:
        half_width = twisted.width_px / _PX / 2
        shell = (twisted.height_px / _PX - RIM_PX) / (GRIP[1] - GRIP[0])
    return Cap(
        x_px=float(rng.uniform(90, 110)),
        top_px=float(rng.uniform(11, 20)),
        half_width_px=half_width,
        shell_px=shell,
        colour=PALETTE[int(rng.integers(len(PALETTE)))],
        twisted=twisted is not None,
    )


def _grip_box(cap: Cap) -> Box:
    x, y, width, height = twisted_box(cap)
    left, top = _pixels(x, y)
    return left, top, width * _PX, height * _PX


def _pixels(x: float, y: float) -> Centre:
    return x * _PX, y * _PX - _CUT_PX
