"""What picture files hold: content hash, size, EXIF orientation, colour or grey, and what keeps one from being decoded.

Pictures are decoded whole, one for each thread at a time; nothing of their pixels is kept.
"""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, UnidentifiedImageError

from results.text_files import is_file

_HASH_BYTES = 16
_UPRIGHT = 1
_FIRST_SIDEWAYS = 5  # EXIF orientations 5 to 8 swap width and height
_LOOKED_AT = 256
# What Pillow decodes whole OpenCV does, too; of others it may not.
_BOTH_DECODE = ("JPEG", "PNG", "BMP")

Mode = Literal["colour", "grey"]


@dataclass(frozen=True)
class PictureFile:
    """One file.

    Attributes:
        content: hash of its bytes, empty if there is no such file.
        fault: what keeps it from being decoded, empty if nothing does; the rest is meaningless then.
        width_px: as stored, before EXIF turns it.
        height_px: as stored.
        orientation: EXIF's, 1 to 8; 1 is upright.
        mode: grey if all channels are equal, however many are stored.
    """

    content: str
    fault: str = ""
    width_px: int = 0
    height_px: int = 0
    orientation: int = _UPRIGHT
    mode: Mode = "colour"

    @property
    def is_upright(self) -> bool:
        """EXIF asks for no turning or mirroring."""
        return self.orientation == _UPRIGHT

    @property
    def turned_size_px(self) -> tuple[int, int]:
        """Width and height once turned as EXIF says, which is how training and prediction see the picture."""
        stored = (self.width_px, self.height_px)
        return stored if self.orientation < _FIRST_SIDEWAYS else (stored[1], stored[0])


def read_pictures(folder: Path, file_names: Sequence[str]) -> list[PictureFile]:
    """Looks at files of a folder, in the order of their names; a file that is missing or broken says so."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(lambda name: read_picture(folder / name), file_names))


def read_picture(path: Path) -> PictureFile:
    """Looks at one file."""
    if not is_file(path):
        return PictureFile("", "no such file")
    try:
        content = hashlib.blake2b(path.read_bytes(), digest_size=_HASH_BYTES).hexdigest()
    except OSError as error:
        return PictureFile("", str(error.strerror))
    try:
        with Image.open(path) as picture:
            picture.load()
            if picture.format not in _BOTH_DECODE and decoded(path) is None:
                return PictureFile(content, f"training reads with OpenCV, which cannot decode this {picture.format}")
            return PictureFile(content, "", picture.width, picture.height, _orientation(picture), _mode(picture))
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        return _as_opencv_sees_it(path, content, error)
    # Pillow raises OSError, SyntaxError, ValueError, struct.error and others for damaged files of one kind or another.
    except Exception as error:
        return PictureFile(content, _said(error, path))


def decoded(path: Path) -> npt.NDArray[np.uint8] | None:
    """(H, W, 3) as training sees it, turned as EXIF says; None where OpenCV cannot decode it."""
    import cv2  # only for what Pillow does not know, or not as well

    try:
        pixels = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error):
        return None
    return None if pixels is None else pixels.astype(np.uint8, copy=False)


def _as_opencv_sees_it(path: Path, content: str, error: Exception) -> PictureFile:
    """A format or a size that Pillow does not take may still be one that training does."""
    pixels = decoded(path)
    if pixels is None:
        return PictureFile(content, _said(error, path) if path.stat().st_size else "an empty file")
    is_grey = bool((pixels == pixels[..., :1]).all())
    return PictureFile(content, "", pixels.shape[1], pixels.shape[0], _UPRIGHT, "grey" if is_grey else "colour")


def _said(error: Exception, path: Path) -> str:
    return " ".join(str(error).replace(str(path), "the file").split()) or type(error).__name__


def _orientation(picture: Image.Image) -> int:
    try:
        orientation = picture.getexif().get(ExifTags.Base.Orientation, _UPRIGHT)
    except Exception:  # damaged EXIF says nothing of the pixels; Pillow raises whatever its parser met
        return _UPRIGHT
    return orientation if orientation in range(1, 9) else _UPRIGHT


def content_hashes(folder: Path, file_names: Sequence[str]) -> list[str]:
    """The content hash of each file, empty where there is none; nothing is decoded."""
    return [_content(folder / name) for name in file_names]


def _content(path: Path) -> str:
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=_HASH_BYTES).hexdigest()
    except OSError:
        return ""


def _mode(picture: Image.Image) -> Mode:
    if picture.mode in ("1", "L", "I", "F", "I;16", "LA"):
        return "grey"
    small = picture.resize((min(picture.width, _LOOKED_AT), min(picture.height, _LOOKED_AT)), Image.Resampling.NEAREST)
    channels = np.asarray(small.convert("RGB"))
    return "grey" if (channels == channels[..., :1]).all() else "colour"
