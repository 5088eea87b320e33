"""What can be measured of pictures without knowing what they show: size, mode, brightness, contrast, sharpness.

Decodes image files; says nothing about them.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from results.boxes import FloatArray, IntArray

_MOST_THREADS = 8
# Mean difference of a pixel's channels in grey levels; JPEG leaves up to one in a grey picture.
_LARGEST_GREY_SPREAD = 1.5


@dataclass(frozen=True)
class Measures:
    """M pictures, in the order of their names.

    Attributes:
        file_names: (M,).
        width_px: (M,) as decoded, turned as EXIF says.
        height_px: (M,).
        is_grey: (M,) bool, no colour in it whatever the file's channels.
        brightness: (M,) mean grey level, 0 to 255.
        contrast: (M,) standard deviation of the grey levels.
        sharpness: (M,) variance of the Laplacian of the grey levels.
        unreadable: names of files that could not be decoded; they are not among the M.
    """

    file_names: tuple[str, ...]
    width_px: IntArray
    height_px: IntArray
    is_grey: npt.NDArray[np.bool_]
    brightness: FloatArray
    contrast: FloatArray
    sharpness: FloatArray
    unreadable: tuple[str, ...] = ()

    def sizes(self) -> list[str]:
        """Width and height of each picture, as "658x492"."""
        return [
            f"{width}x{height}" for width, height in zip(self.width_px.tolist(), self.height_px.tolist(), strict=True)
        ]

    def modes(self) -> list[str]:
        """Grey or colour, for each picture."""
        return ["grey" if grey else "colour" for grey in self.is_grey.tolist()]


def measure_pictures(folder: Path, file_names: Sequence[str]) -> Measures:
    """Measures pictures by name, several at a time."""
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as threads:
        found = list(threads.map(lambda name: measures_of_file(folder / name), file_names))
    rows = [(name, one) for name, one in zip(file_names, found, strict=True) if one is not None]
    table = np.array([one for _, one in rows], np.float64).reshape(-1, 6)
    return Measures(
        tuple(name for name, _ in rows),
        table[:, 0].astype(np.int64),
        table[:, 1].astype(np.int64),
        table[:, 2] <= _LARGEST_GREY_SPREAD,
        table[:, 3],
        table[:, 4],
        table[:, 5],
        tuple(name for name, one in zip(file_names, found, strict=True) if one is None),
    )


def measures_of_file(path: Path) -> tuple[float, ...] | None:
    """Width, height, spread of the channels, brightness, contrast, sharpness; None where it cannot be decoded."""
    try:
        pixels = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error):
        return None
    if pixels is None:
        return None
    grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    mean, deviation = cv2.meanStdDev(grey)
    _, laplacian = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_32F))
    spread = cv2.mean(cv2.absdiff(pixels, cv2.merge([grey, grey, grey])))
    height, width = grey.shape
    return (
        float(width),
        float(height),
        max(spread[:3]),
        float(mean[0, 0]),
        float(deviation[0, 0]),
        float(laplacian[0, 0]) ** 2,
    )
