"""What a picture looks like, small enough to keep: a perceptual hash and its grey pixels averaged to 48 x 48.

Both stay nearly the same when the picture is encoded again or resized, and differ between pictures; `copies` compares
them. Turned, mirrored and cropped pictures are other pictures here. Nothing is written.

Source: the hash is the sign pattern of the low frequencies of a cosine transform (Zauner 2010, "Implementation and
Benchmarking of Perceptual Image Hash Functions"), taken over 16 x 16 frequencies: with the usual 8 x 8, pictures of
one texture are as near to one another as bad copies are (docs/LOG.md).
"""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

HASH_WORDS = 4
SIDE_PX = 48
_FREQUENCIES = 16
_TRANSFORMED_PX = 64
_LARGEST = 127
# A shrunken decoding is many times faster; what is left must be well above what is averaged to 64 x 64 px.
_LEAST_SHORT_SIDE_PX = 256
_SHRUNKEN = {8: cv2.IMREAD_REDUCED_GRAYSCALE_8, 4: cv2.IMREAD_REDUCED_GRAYSCALE_4, 2: cv2.IMREAD_REDUCED_GRAYSCALE_2}

GreyImage = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Look:
    """How one picture looks.

    Attributes:
        hash_words: (4,) uint64, 256 bits of its low frequencies.
        grey: (48, 48) int8, its grey values about their mean, the farthest at -127 or 127; all zero for a picture of
            one grey alone.
    """

    hash_words: npt.NDArray[np.uint64]
    grey: npt.NDArray[np.int8]


def look_of_file(path: Path) -> Look | None:
    """How the picture in a file looks, turned as its EXIF says; None where it cannot be decoded."""
    grey = _decoded_small(path)
    return None if grey is None else look_of_pixels(grey)


def look_of_pixels(grey: GreyImage) -> Look:
    """How grey pixels (H, W) look."""
    small = cv2.resize(grey, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA).astype(np.float64)
    return Look(_hash_words(grey), _about_mean(small))


def _decoded_small(path: Path) -> GreyImage | None:
    try:
        content = path.read_bytes()
        with Image.open(BytesIO(content)) as header:
            short_px = min(header.size)
        factor = next((factor for factor in _SHRUNKEN if short_px // factor >= _LEAST_SHORT_SIDE_PX), 1)
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), _SHRUNKEN.get(factor, cv2.IMREAD_GRAYSCALE))
    except (OSError, ValueError, cv2.error, Image.DecompressionBombError):
        return None  # whoever trains on it is told by name; here it only cannot be compared
    return None if pixels is None else pixels.astype(np.uint8, copy=False)


def _hash_words(grey: GreyImage) -> npt.NDArray[np.uint64]:
    small = cv2.resize(grey, (_TRANSFORMED_PX, _TRANSFORMED_PX), interpolation=cv2.INTER_AREA)
    frequencies = cv2.dct(small.astype(np.float32))[:_FREQUENCIES, :_FREQUENCIES].ravel()
    frequencies[0] = np.median(frequencies[1:])  # the mean brightness says nothing
    return np.packbits(frequencies > frequencies[0]).view(np.uint64)


def _about_mean(small: npt.NDArray[np.float64]) -> npt.NDArray[np.int8]:
    small = small - small.mean()
    farthest = np.abs(small).max()
    return np.zeros(small.shape, np.int8) if farthest == 0 else np.rint(small * (_LARGEST / farthest)).astype(np.int8)
