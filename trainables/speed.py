"""How long a detector takes for an image: one at a time, without reading the file, after a warm-up.

The whole way from pixels on the host to raw detections on the host counts. Whether the device had nothing else to do
cannot be seen from here; who asks knows.
"""

import statistics
import time
from collections.abc import Sequence

import torch
from torch import nn

from trainables.predict import ImageFile, View, predict_shots

_IMAGES = 4
_ROUNDS = 5
_ENOUGH_S = 2.0


def ms_per_image(model: nn.Module, images: Sequence[ImageFile], view: View) -> float | None:
    """The median over a few images, each several times; None without images.

    Args:
        model: in evaluation mode.
        images: the first few are used.
        view: how they are shown.
    """
    shown = [view.shots_of(image) for image in images[:_IMAGES]]
    with torch.inference_mode():
        for one in shown[:1]:
            predict_shots(model, one, view)
        times_s: list[float] = []
        for one in shown * _ROUNDS:
            if sum(times_s) > _ENOUGH_S:
                break
            started = time.perf_counter()
            predict_shots(model, one, view)  # its result is on the host: the device has finished
            times_s.append(time.perf_counter() - started)
    return round(1000 * statistics.median(times_s), 2) if times_s else None
