"""Says which image it was when loading or transforming one failed.

mmdet's pipelines raise whatever their reader raises (OpenCV's errors, assertions, None where pixels should be), without
the file's name. So the file is looked at once more, after something went wrong. Nothing is skipped or mended.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from results.errors import DetectionSearchError
from trainables.failures import CorruptImageError, PipelineError


@contextmanager
def naming_image(path: Path) -> Iterator[None]:
    """Names the image in whatever goes wrong inside; what is an error of ours already stays as it is.

    Args:
        path: of the one image that is loaded and transformed inside.

    Raises:
        CorruptImageError: it cannot be read.
        PipelineError: it can, and something else failed, which is its cause.
    """
    try:
        yield
    except DetectionSearchError:
        raise
    except Exception as error:
        fault = image_fault(path)
        if fault is None:
            raise PipelineError(f"{path}: {type(error).__name__}: {error}") from error
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
