"""Says which image file was at fault when loading one failed.

mmdet's pipelines raise whatever their reader raises (OpenCV's errors, assertions, None where pixels should be), without
the file's name. So the file is looked at once more, after something went wrong. Nothing is skipped or mended.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from trainables.failures import CorruptImageError


@contextmanager
def naming_image(path: Path) -> Iterator[None]:
    """Turns whatever goes wrong inside into a `CorruptImageError` if this image cannot be read.

    Args:
        path: of the one image that is loaded inside.

    Raises:
        CorruptImageError: it cannot be read.
    """
    try:
        yield
    except Exception as error:
        fault = image_fault(path)
        if fault is None:
            raise  # the image is fine, something else is not
        raise CorruptImageError(f"{path} ({fault})") from error


def image_fault(path: Path) -> str | None:
    """What keeps an image from being read, None if nothing does."""
    if not path.is_file():
        return "no such file"
    try:
        pixels = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error) as error:
        return " ".join(str(error).split())
    return "it is no image, or damaged" if pixels is None else None
