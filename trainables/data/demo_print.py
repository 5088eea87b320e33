"""Dot-matrix print of the demonstration data: production codes as an ink-jet printer leaves them on glass.

It gives masks; where the print stands and what ink it has is decided by `trainables.data.demo_cap`.
"""

import numpy as np

from trainables.data.demo_canvas import OVERSAMPLING, Frame, Mask, dots, soften, stroke

_FONT = {  # rows of 5 dots, the leftmost dot is the highest bit
    "0": (14, 17, 19, 21, 25, 17, 14),
    "1": (4, 12, 4, 4, 4, 4, 14),
    "2": (14, 17, 1, 2, 4, 8, 31),
    "3": (31, 2, 4, 2, 1, 17, 14),
    "4": (2, 6, 10, 18, 31, 2, 2),
    "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14),
    "7": (31, 1, 2, 4, 8, 8, 8),
    "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12),
}
_GLYPH_COLUMNS, _ADVANCE, _LINE_ADVANCE = 5, 6, 9


def crisp_print(frame: Frame, corner: tuple[float, float], lines: tuple[str, ...], pitch_px: float) -> Mask:
    """Lines of digits from their top-left corner, one dot every `pitch_px`."""
    centres = [
        (corner[0] + x * pitch_px, corner[1] + (y + row * _LINE_ADVANCE) * pitch_px)
        for row, text in enumerate(lines)
        for column, character in enumerate(text)
        for x, y in _glyph_dots(character, column)
    ]
    return dots(frame, centres, pitch_px * 0.55)


def smeared_print(frame: Frame, crisp: Mask, rng: np.random.Generator) -> Mask:
    """The same print wiped while wet: blurred sideways, printed twice, with streaks of ink across it."""
    shift = int(rng.integers(5, 8))
    doubled = np.maximum(crisp, np.roll(crisp, (shift // 2, shift), axis=(0, 1)) * np.float32(0.8))
    smeared: Mask = np.minimum(soften(doubled, 2.4, 0.7) * np.float32(1.5), np.float32(1))
    rows, columns = np.flatnonzero(crisp.any(axis=1)), np.flatnonzero(crisp.any(axis=0))
    left, right, top, bottom = (float(edge) / OVERSAMPLING for edge in (columns[0], columns[-1], rows[0], rows[-1]))
    for _ in range(3):
        y = float(rng.uniform(top + 2, bottom - 2))
        start = float(rng.uniform(left, left + (right - left) * 0.4))
        end = min(start + float(rng.uniform(0.4, 0.6)) * (right - left), right)
        streak = soften(stroke(frame, [(start, y), (end, y - 1.5)], 2.5), 0.8)
        smeared = np.maximum(smeared, streak)
    return smeared


def _glyph_dots(character: str, column: int) -> list[tuple[float, float]]:
    """Centres of one character's dots in units of the pitch, for its place in the line."""
    return [
        (column * _ADVANCE + place + 0.5, row + 0.5)
        for row, bits in enumerate(_FONT[character])
        for place in range(_GLYPH_COLUMNS)
        if bits >> (_GLYPH_COLUMNS - 1 - place) & 1
    ]
