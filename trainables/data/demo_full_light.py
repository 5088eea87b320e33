"""Uneven light: what tells one picture of a production line from the next of the same bottle.

Without it rendered pictures resemble one another more than photographs do, and the check for copies between train and
val takes some for the same picture.
"""

import cv2
import numpy as np

from trainables.data.demo_full_patch import FinishedPicture

# Cells along the picture's width, and how much (standard deviation, as a share) the light differs between them.
_SCALES = ((5, 0.09), (12, 0.055), (26, 0.03))


def shine_unevenly(picture: FinishedPicture, rng: np.random.Generator) -> None:
    """Brightens and darkens the picture in place, smoothly and everywhere: lamps, haze, reflections."""
    height, width = picture.shape[:2]
    light = np.ones((height, width), np.float32)
    for cells, strength in _SCALES:
        rows = max(2, round(cells * height / width))
        coarse = rng.standard_normal((rows, cells), dtype=np.float32) * np.float32(strength)
        light += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    np.clip(light, 0.55, 1.6, out=light)
    picture *= light if picture.ndim == light.ndim else light[..., None]
