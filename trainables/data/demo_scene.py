"""One demonstration picture from a list of category ids: which defects stand where, drawn and boxed.

Pictures depend on nothing but the ids and the random generator. Category ids and names are the contest's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainables.data.demo_canvas import Box, Picture, Pixels, finish
from trainables.data.demo_cap import Cap, cap_picture, random_cap
from trainables.data.demo_cap_defects import (
    paint_bad_edge,
    paint_bite,
    paint_break_point,
    paint_dent,
    paint_print,
    twisted_box,
)
from trainables.data.demo_label import Label, label_picture, paint_bubble, paint_wrinkles, random_label, sheet_box

CATEGORY_NAMES = {
    1: "瓶盖破损",
    2: "瓶盖变形",
    3: "瓶盖坏边",
    4: "瓶盖打旋",
    5: "瓶盖断点",
    6: "标贴歪斜",
    7: "标贴起皱",
    8: "标贴气泡",
    9: "喷码正常",
    10: "喷码异常",
}
BROKEN, DEFORMED, BAD_EDGE, SPINNING, BREAK_POINT, ASKEW, WRINKLED, BUBBLE, PRINT, BAD_PRINT = CATEGORY_NAMES
_CAP_NOISE, _LABEL_NOISE = 3.0, 4.0
_BITE_SLOTS = (-0.64, 0.0, 0.64)
_GAP_SLOTS = (-0.75, -0.26, 0.26, 0.75)
_LABEL_SLOTS = (-0.34, 0.0, 0.34)


@dataclass(frozen=True)
class Mark:
    """One annotated box, in pixels of the finished picture."""

    category_id: int
    box_xywh: Box


@dataclass(frozen=True)
class Scene:
    """A finished picture: (H, W, 3) BGR, or (H, W) grey for labels, and its boxes."""

    pixels: Pixels
    marks: tuple[Mark, ...]


def cap_scene(category_ids: Sequence[int], rng: np.random.Generator) -> Scene:
    """A cap in colour with the given defects and prints; at most three bites, one ring defect of each other kind."""
    cap = random_cap(rng, DEFORMED in category_ids, SPINNING in category_ids)
    picture = cap_picture(cap, rng)
    bites = list(rng.permutation(_BITE_SLOTS))
    gaps = list(rng.permutation(_GAP_SLOTS))
    marks = []
    for category_id in category_ids:
        slots = {BROKEN: bites, BREAK_POINT: gaps}.get(category_id)
        u = float(slots.pop()) if slots is not None else float(rng.uniform(-0.45, 0.45))
        marks.append(Mark(category_id, _cap_defect(picture, cap, (category_id, u), rng)))
    return Scene(finish(picture, rng, _CAP_NOISE), tuple(marks))


def label_scene(category_ids: Sequence[int], rng: np.random.Generator) -> Scene:
    """A grey label with the given defects; at most three wrinkles and bubbles together."""
    label = random_label(rng, ASKEW in category_ids)
    picture = label_picture(label, rng)
    slots = list(rng.permutation(_LABEL_SLOTS))
    marks = []
    for category_id in category_ids:
        if category_id == ASKEW:
            marks.append(Mark(ASKEW, sheet_box(label)))
            continue
        marks.append(Mark(category_id, _label_defect(picture, label, (category_id, float(slots.pop())), rng)))
    return Scene(np.ascontiguousarray(finish(picture, rng, _LABEL_NOISE)[..., 0]), tuple(marks))


def _cap_defect(picture: Picture, cap: Cap, asked: tuple[int, float], rng: np.random.Generator) -> Box:
    category_id, u = asked
    if category_id == BROKEN:
        return paint_bite(picture, cap, u, rng)
    if category_id == DEFORMED and cap.dent is not None:
        return paint_dent(picture, cap, cap.dent)
    if category_id == BAD_EDGE:
        return paint_bad_edge(picture, cap, u, rng)
    if category_id == BREAK_POINT:
        return paint_break_point(picture, cap, u, rng)
    if category_id in (PRINT, BAD_PRINT):
        return paint_print(picture, cap, rng, smeared=category_id == BAD_PRINT)
    return twisted_box(cap)


def _label_defect(picture: Picture, label: Label, asked: tuple[int, float], rng: np.random.Generator) -> Box:
    category_id, slot = asked
    x = slot * label.width_px + float(rng.uniform(-4, 4))
    if category_id == WRINKLED:
        return paint_wrinkles(picture, label, (x, float(rng.uniform(-5, 5))), rng)
    radius = float(rng.uniform(12, 27))
    room = label.height_px / 2 - radius - 4
    return paint_bubble(picture, label, (x, float(rng.uniform(-room, room))), radius)
