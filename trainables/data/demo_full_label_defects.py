"""Defects of labels and of the bottles under them, each painted into a box of any size and length.

A painter touches all four sides of its box and shows next to nothing outside of it.
"""

import numpy as np
import numpy.typing as npt

from trainables.data.demo_canvas import ellipse, paint, polygon, soften, stroke
from trainables.data.demo_full_cap_defects import filled_outline
from trainables.data.demo_full_patch import Patch


def paint_wrinkles(patch: Patch, rng: np.random.Generator) -> None:
    """Label wrinkled: wavy folds along the box's long side, each a dark line beside a bright one."""
    _, _, width, height = patch.box_xywh
    folds = int(np.clip(round(min(width, height) / 45), 2, 6))
    thick = max(1.2, patch.short_px * 0.34 / folds)
    shadow, light = (np.zeros(patch.frame.shape, np.float32) for _ in range(2))
    inset = np.minimum(thick / np.array([width, height]), 0.25)  # a fold's shade reaches beyond its line
    for offset in np.linspace(0, 1, folds):
        line = _fold(float(offset), rng)
        shares = (line if height >= width else line[:, ::-1]) * (1 - 2 * inset) + inset
        shadow = np.maximum(shadow, stroke(patch.frame, patch.points(shares), thick))
        beside = [thick * 0.9 / width, 0.0] if height >= width else [0.0, thick * 0.9 / height]
        light = np.maximum(light, stroke(patch.frame, patch.points(shares + beside), thick * 0.8))
    blur = max(0.5, thick * 0.28)
    paint(patch.picture, soften(shadow, thick * 0.5), (70, 70, 70), 0.55)
    paint(patch.picture, soften(light, blur), (238, 238, 238), 0.85)
    paint(patch.picture, soften(shadow, blur), (38, 38, 38), 0.85)


def paint_bubble(patch: Patch, rng: np.random.Generator) -> None:
    """Label bubble: a blister, bright on top with a dark foot and a highlight."""
    x, y = patch.at(0.5, 0.5)
    wide, high = (side / 2 for side in patch.box_xywh[2:])
    soft = max(0.6, patch.short_px * 0.035)
    paint(patch.picture, ellipse(patch.frame, (x, y), (wide, high)), (62, 62, 62), 0.7)
    dome = ellipse(patch.frame, (x - wide * 0.05, y - high * 0.05), (wide * 0.9, high * 0.9))
    paint(patch.picture, soften(dome, soft), (float(rng.uniform(205, 228)),) * 3, 0.88)
    hollow = ellipse(patch.frame, (x + wide * 0.2, y + high * 0.24), (wide * 0.6, high * 0.55))
    paint(patch.picture, soften(hollow, patch.short_px * 0.08), (158, 158, 158), 0.6)
    gleam = ellipse(patch.frame, (x - wide * 0.34, y - high * 0.38), (wide * 0.24, high * 0.16))
    paint(patch.picture, soften(gleam, soft), (255, 255, 255), 0.9)


def paint_impurity(patch: Patch, rng: np.random.Generator) -> None:
    """Impurity in the liquor: a dark speck or a shred of fibre that floats."""
    speck = polygon(patch.frame, patch.points(filled_outline(rng, corners=9)))
    paint(patch.picture, soften(speck, 0.5), (30, 34, 40), 0.85)
    paint(patch.picture, ellipse(patch.frame, patch.at(0.42, 0.38), (1.0, 1.0)), (190, 200, 205), 0.6)


def paint_crack(patch: Patch, rng: np.random.Generator) -> None:
    """Bottle broken: cracks that run from one blow to the sides of the box, bright beside dark."""
    blow = np.array([float(rng.uniform(0.35, 0.65)), float(rng.uniform(0.35, 0.65))])
    ends = np.concatenate([[[0.0, 0.3], [1.0, 0.7], [0.4, 0.0], [0.6, 1.0]], rng.uniform(0.05, 0.95, (3, 2))])
    for end in ends:
        middle = (blow + end) / 2 + rng.uniform(-0.08, 0.08, 2)
        line = np.stack([blow, middle, end])
        thick = max(1.0, patch.short_px * 0.03)
        paint(patch.picture, stroke(patch.frame, patch.points(line + 0.012), thick), (240, 244, 244), 0.9)
        paint(patch.picture, stroke(patch.frame, patch.points(line), thick), (20, 22, 22), 0.9)


def paint_glass_bubble(patch: Patch, rng: np.random.Generator) -> None:
    """Bubble in the glass: a thin dark ring, clear inside, with a gleam that the lamp leaves."""
    x, y = patch.at(0.5, 0.5)
    wide, high = (side / 2 for side in patch.box_xywh[2:])
    whole, inside = ellipse(patch.frame, (x, y), (wide, high)), ellipse(patch.frame, (x, y), (wide * 0.78, high * 0.78))
    paint(patch.picture, np.maximum(whole - inside, 0), (28, 30, 30), 0.85)
    paint(patch.picture, inside, (float(rng.uniform(175, 215)),) * 3, 0.35)
    gleam = ellipse(patch.frame, (x - wide * 0.3, y - high * 0.35), (wide * 0.22, high * 0.18))
    paint(patch.picture, soften(gleam, 0.5), (255, 255, 255), 0.95)


def _fold(offset: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """One wavy line (21, 2) from one end of the unit square to the other, at about `offset` across it."""
    along = np.linspace(0, 1, 21)
    wave = np.sin(along * float(rng.uniform(4, 8)) + float(rng.uniform(0, 6.3))) * 0.09
    bent = offset + wave * np.sin(along * np.pi)
    return np.stack([np.clip(bent, 0, 1), along], 1)
