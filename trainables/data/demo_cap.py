"""A bottle's cap and neck in colour, seen from the side, sound but for a dent or a twisted grip where asked.

Three horizontal bands curve around the neck: the shell with its knurled grip, the gap with its bridges, and the tamper
ring; below them glass with clear liquor. Defects that are painted on top are in `trainables.data.demo_cap_defects`.
"""

from dataclasses import dataclass

import numpy as np

from trainables.data.demo_canvas import Colour, Frame, Mask, Picture, ellipse, paint

CAP_FRAME = Frame(200, 150)
PALETTE: tuple[Colour, ...] = ((38, 34, 176), (150, 70, 30), (70, 120, 30), (52, 150, 196), (92, 34, 104))
_BACKGROUNDS: tuple[Colour, ...] = ((112, 96, 84), (88, 92, 92), (120, 116, 104))
_GAP_PX, _RING_PX, RIM_PX = 3.0, 11.0, 6.0
GRIP = (0.36, 0.88)
_BRIDGE_STARTS = 0.55


@dataclass(frozen=True)
class Dent:
    """Where the shell's outline is pushed in: `side` is -1 (left) or 1, `depth_px` and `spread_px` its size."""

    side: int
    y_px: float
    depth_px: float
    spread_px: float


@dataclass(frozen=True)
class Cap:
    """Shape and state of one cap, in pixels of the finished image.

    A place on the curved surface is (u, c): u runs from -1 at the left outline to 1 at the right, c is the height of
    its band where the outline is, and y = c + rim * sqrt(1 - u^2).
    """

    x_px: float
    top_px: float
    half_width_px: float
    shell_px: float
    colour: Colour
    dent: Dent | None = None
    twisted: bool = False

    @property
    def gap_px(self) -> float:
        """Height c of the gap's upper edge."""
        return self.top_px + self.shell_px

    @property
    def ring_px(self) -> tuple[float, float]:
        """Heights c of the tamper ring's upper and lower edge."""
        return self.gap_px + _GAP_PX, self.gap_px + _GAP_PX + _RING_PX

    @property
    def grip_px(self) -> tuple[float, float]:
        """Heights c of the knurled grip's upper and lower edge."""
        return self.top_px + GRIP[0] * self.shell_px, self.top_px + GRIP[1] * self.shell_px

    def point(self, u: float, c: float) -> tuple[float, float]:
        """x, y of a place on the surface of an undented cap."""
        return self.x_px + u * self.half_width_px, c + RIM_PX * float(np.sqrt(max(0.0, 1 - u * u)))


def random_cap(rng: np.random.Generator, dent: bool, twisted: bool) -> Cap:
    """A cap of random place, size and colour."""
    top, shell = float(rng.uniform(14, 24)), float(rng.uniform(44, 52))
    side = int(rng.choice((-1, 1)))
    pushed = Dent(
        side,
        y_px=top + shell * float(rng.uniform(0.5, 0.62)),
        depth_px=float(rng.uniform(11, 21)),
        spread_px=float(rng.uniform(7, 12)),
    )
    return Cap(
        x_px=float(rng.uniform(84, 116)),
        top_px=top,
        half_width_px=float(rng.uniform(41, 49)),
        shell_px=shell,
        colour=PALETTE[int(rng.integers(len(PALETTE)))],
        dent=pushed if dent else None,
        twisted=twisted,
    )


def cap_picture(cap: Cap, rng: np.random.Generator, frame: Frame = CAP_FRAME) -> Picture:
    """The whole sound bottle neck before its background."""
    picture = _background(rng, frame)
    _paint_neck(picture, cap, frame)
    x, y = frame.grid()
    u = (x - cap.x_px) / _half_widths(cap, x, y)
    c = y - RIM_PX * np.sqrt(np.clip(1 - u * u, 0, 1))
    ring_top, ring_bottom = cap.ring_px
    paint(picture, _band(u, c, cap.gap_px - 2, ring_top + 2), (28, 26, 24))
    lit = _lit(cap.colour, u)
    paint(picture, _bridges(u) * _band(u, c, cap.gap_px, ring_top), lit)
    paint(picture, _band(u, c, ring_top, ring_bottom), lit * np.float32(0.86))
    paint(picture, _band(u, c, cap.top_px, cap.gap_px), lit * _grip_shade(cap, u, c))
    lid = ellipse(frame, (cap.x_px, cap.top_px), (cap.half_width_px, RIM_PX))
    blue, green, red = (min(255.0, value * 1.15 + 34) for value in cap.colour)
    paint(picture, lid, (blue, green, red))
    return picture


def dent_outline(cap: Cap, dent: Dent) -> Mask:
    """Coverage of what the dent takes from the shell's outline."""
    x, y = CAP_FRAME.grid()
    from_axis = np.abs(x - cap.x_px)
    taken = (from_axis <= cap.half_width_px) & (from_axis > _half_widths(cap, x, y)) & (_depth(dent, y) > 1)
    coverage: Mask = taken.astype(np.float32)
    return coverage


def _background(rng: np.random.Generator, frame: Frame) -> Picture:
    """A dim hall, lighter towards the top, with two bottles out of focus."""
    x, y = frame.grid()
    base = np.asarray(_BACKGROUNDS[int(rng.integers(len(_BACKGROUNDS)))], np.float32)
    light = 1.15 - y / 260 + 0.08 * np.cos((x - float(rng.uniform(40, 160))) / 60)
    for centre in (float(rng.uniform(-8, 14)), float(rng.uniform(186, 208))):
        across = np.exp(-(((x[:1] - centre) / 15) ** 4))
        below = np.clip((y[:, :1] - 34) / 14, 0, 1)
        light += across * below * float(rng.uniform(0.2, 0.45))
    return (base * light[..., None]).astype(np.float32, copy=False)


def _paint_neck(picture: Picture, cap: Cap, frame: Frame) -> None:
    """Glass that widens into the shoulder, with clear liquor below its meniscus and the cap's shadow above."""
    x, y = frame.grid()
    start = cap.ring_px[1]
    flare = np.clip((y[:, :1] - start - 14) / 44, 0, 1)
    half = (cap.half_width_px * (0.8 + 0.75 * flare**2)).astype(np.float32)
    u: Mask = np.abs(x - cap.x_px) / half
    glass = np.clip((1 - u) * half * 2 + 0.5, 0, 1) * np.clip((y[:, :1] - start + 2) * 2, 0, 1)
    tone = 206 - 96 * u**6 + 40 * _bump(u, 0.8, 0.06) + 22 * _bump((x - cap.x_px) / half, -0.5, 0.1)
    drop = y - start - 10 - 3 * np.sqrt(np.clip(1 - u * u, 0, 1))  # below the meniscus, which curves as the bands do
    tone -= 16 * np.clip(drop / 2, 0, 1) + 46 * _bump(drop, 0, 1.1) + 70 * np.exp(-np.clip(drop + 12, 0, None) / 4)
    paint(picture, glass, tone[..., None] * np.asarray((1.0, 0.985, 0.95), np.float32))


def _bump(values: Mask, centre: float, width: float) -> Mask:
    bump: Mask = np.exp(-(((values - centre) / width) ** 2))
    return bump


def _half_widths(cap: Cap, x: Mask, y: Mask) -> Mask:
    if cap.dent is None:
        return np.full_like(x[:1], cap.half_width_px)
    dented = np.sign(x[:1] - cap.x_px) == cap.dent.side
    halves: Mask = cap.half_width_px - dented * _depth(cap.dent, y[:, :1])
    return halves


def _depth(dent: Dent, y: Mask) -> Mask:
    return dent.depth_px * _bump(y, dent.y_px, dent.spread_px)


def _band(u: Mask, c: Mask, top: float, bottom: float) -> Mask:
    """Coverage of the surface between two heights."""
    across = np.clip((1 - np.abs(u)) * 90 + 0.5, 0, 1)
    along = np.clip((c - top) * 2 + 0.5, 0, 1) * np.clip((bottom - c) * 2 + 0.5, 0, 1)
    coverage: Mask = across * along
    return coverage


def _bridges(u: Mask) -> Mask:
    """The thin bridges that hold the tamper ring, ten in sight."""
    bridges: Mask = (np.cos(np.arcsin(np.clip(u, -1, 1)) * 10) > _BRIDGE_STARTS).astype(np.float32)
    return bridges


def _lit(colour: Colour, u: Mask) -> Picture:
    """The colour on a lacquered cylinder: dark flanks, one broad and one narrow highlight."""
    body = 0.4 + 0.62 * np.sqrt(np.clip(1 - u * u, 0, 1))
    gloss = 62 * _bump(u, -0.42, 0.13) + 30 * _bump(u, 0.6, 0.08)
    lit: Picture = np.asarray(colour, np.float32) * body[..., None] + gloss[..., None]
    return lit


def _grip_shade(cap: Cap, u: Mask, c: Mask) -> Mask:
    """What the grip's ridges do to the shell's light, (2H, 2W, 1): fine, or coarse and slanted when twisted."""
    top, bottom = cap.grip_px
    grip = (c > top) & (c < bottom)
    around = np.arcsin(np.clip(u, -1, 1))
    if cap.twisted:
        ridges = np.cos(around * 13 + (c - top) * 0.32)
        shade = np.where(ridges > 0, ridges * 1.1, ridges * 0.75)
    else:
        shade = np.cos(around * 40) * 0.14
    light: Mask = (1 + grip * shade)[..., None]
    return light
