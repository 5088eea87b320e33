"""The seven kinds of defect and print on cap pictures: each function paints one and gives its box.

Boxes are tight around what was painted; a dent and a twisted grip are drawn with the cap and only completed here.
"""

import numpy as np

from trainables.data.demo_canvas import Box, Picture, Points, box_of, ellipse, paint, polygon, soften, stroke
from trainables.data.demo_cap import CAP_FRAME, Cap, Dent, dent_outline
from trainables.data.demo_print import crisp_print, smeared_print

_INK = (74, 40, 30)
_LOWEST = 3


def paint_bite(picture: Picture, cap: Cap, u: float, rng: np.random.Generator) -> Box:
    """Cap broken: a piece is chipped off at the top edge, the white inside shows and a crack runs from it."""
    x, y = cap.point(u, cap.top_px)
    radii = float(rng.uniform(8, 15.5)), float(rng.uniform(7.5, 13))
    centre = (x, y + 2)
    chip = _shard(centre, radii, rng)
    hole = polygon(CAP_FRAME, chip)
    paint(picture, stroke(CAP_FRAME, _crack(centre, chip[_LOWEST]), 1.0), (24, 22, 26), 0.85)
    paint(picture, soften(hole, 1.0), (20, 18, 24), 0.7)
    paint(picture, hole, (226, 236, 240))
    inner = [(px * 0.45 + x * 0.55, py * 0.45 + (y + 3.5) * 0.55) for px, py in chip]
    paint(picture, soften(polygon(CAP_FRAME, inner), 0.6), (128, 140, 150), 0.9)
    return box_of(hole)


def paint_dent(picture: Picture, cap: Cap, dent: Dent) -> Box:
    """Cap deformed: `demo_cap` has pushed the outline in; here the crease around it catches shadow and light."""
    edge = cap.x_px + dent.side * cap.half_width_px
    inner = edge - dent.side * dent.depth_px
    reach = dent.spread_px * 1.5
    crease = _arc((inner, dent.y_px), -dent.side * 9.0, reach, edge)
    shade = stroke(CAP_FRAME, crease, 5.0)
    paint(picture, soften(shade, 1.4), (12, 10, 16), 0.85)
    glint = _arc((inner, dent.y_px), -dent.side * 14.0, reach * 0.85, edge - dent.side * 4)
    light = stroke(CAP_FRAME, glint, 2.0)
    paint(picture, soften(light, 0.9), (225, 230, 235), 0.9)
    return box_of(np.maximum(np.maximum(shade, light), dent_outline(cap, dent)))


def paint_bad_edge(picture: Picture, cap: Cap, u: float, rng: np.random.Generator) -> Box:
    """Cap bad edge: the tamper ring's lower rim is torn, dark and ragged."""
    span = float(rng.uniform(0.28, 0.52))
    top, bottom = cap.ring_px
    steps = np.linspace(u - span, u + span, 15)
    upper = [cap.point(float(s), top + 3 + float(rng.uniform(-1, 2))) for s in steps]
    teeth = [float(rng.uniform(0, 2)) + 5 * (index % 2) for index in range(len(steps))]
    lower = [cap.point(float(s), bottom + tooth) for s, tooth in zip(steps, teeth, strict=True)]
    torn = polygon(CAP_FRAME, upper + lower[::-1])
    paint(picture, soften(torn, 0.7), (16, 20, 26))
    paint(picture, stroke(CAP_FRAME, upper, 1.6), (170, 190, 205), 0.8)
    return box_of(torn)


def paint_break_point(picture: Picture, cap: Cap, u: float, rng: np.random.Generator) -> Box:
    """Cap break point: a bridge of the ring has snapped; a dark hole in stretched, whitened plastic."""
    x, y = cap.point(u, cap.gap_px + 1.5)
    radii = float(rng.uniform(6.5, 9.5)), float(rng.uniform(6.2, 8.5))
    halo = ellipse(CAP_FRAME, (x, y), radii)
    paint(picture, halo, (120, 225, 250))
    paint(picture, soften(ellipse(CAP_FRAME, (x, y), (radii[0] * 0.58, radii[1] * 0.58)), 0.5), (10, 8, 90))
    paint(picture, ellipse(CAP_FRAME, (x, y), (radii[0] * 0.3, radii[1] * 0.3)), (8, 8, 10))
    return box_of(halo)


def twisted_box(cap: Cap) -> Box:
    """Cap spinning: the box of the twisted grip that `demo_cap` has drawn."""
    top, bottom = cap.grip_px
    left, right = cap.point(-1, top), cap.point(1, top)
    lowest = cap.point(0, bottom)
    return left[0], left[1], right[0] - left[0], lowest[1] - left[1]


def paint_print(picture: Picture, cap: Cap, rng: np.random.Generator, smeared: bool) -> Box:
    """Print normal, or abnormal when smeared: two lines of a production code on the neck."""
    pitch = float(rng.uniform(1.15, 1.5))
    length = int(rng.integers(6, 9))
    lines = tuple("".join(str(digit) for digit in rng.integers(0, 10, length)) for _ in range(2))
    left = cap.x_px - length * 6 * pitch / 2 + float(rng.uniform(-5, 5))
    mask = crisp_print(CAP_FRAME, (left, cap.ring_px[1] + float(rng.uniform(18, 23))), lines, pitch)
    if smeared:
        mask = smeared_print(CAP_FRAME, mask, rng)
    paint(picture, mask, _INK, 0.92)
    return box_of(mask)


def _shard(centre: tuple[float, float], radii: tuple[float, float], rng: np.random.Generator) -> Points:
    """An uneven polygon of eleven corners; number `_LOWEST` points down."""
    turns = np.linspace(0, 2 * np.pi, 11, endpoint=False) + rng.uniform(-0.18, 0.18, 11)
    reach = rng.uniform(0.72, 1.12, 11)
    x = centre[0] + radii[0] * reach * np.cos(turns)
    y = centre[1] + radii[1] * reach * np.sin(turns)
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _crack(centre: tuple[float, float], corner: tuple[float, float]) -> Points:
    """A line from a chip's corner a little way outwards, with one kink."""
    dx, dy = corner[0] - centre[0], corner[1] - centre[1]
    return [
        corner,
        (corner[0] + dx * 0.22 - dy * 0.1, corner[1] + dy * 0.22 + dx * 0.1),
        (centre[0] + dx * 1.5, centre[1] + dy * 1.5),
    ]


def _arc(deepest: tuple[float, float], inward_px: float, reach_px: float, edge_x: float) -> Points:
    """A crease from the outline above the dent, round its deepest point, to the outline below."""
    turn = np.linspace(-1, 1, 17)
    depth = 1 - turn**2
    x = edge_x + (deepest[0] + inward_px - edge_x) * depth
    return list(zip(x.tolist(), (deepest[1] + turn * reach_px).tolist(), strict=True))
