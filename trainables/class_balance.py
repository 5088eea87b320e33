"""How often each training image is shown, so that rare classes, or those that the score weighs most, are seen more.

    class     max(1, w max(1, sqrt(t / f)))    f: share of images that show it, t: threshold, w: its weight, or 1
    image     the largest of its classes'

Factors are no whole numbers, and nothing is drawn: going through the images, one is listed once more where the sum of
the factors passes the next whole number. So the whole is right within one image, equal data give equal lists, and a
training that goes on from a checkpoint has the list that it began with.

Source: Gupta et al., LVIS (CVPR 2019), appendix B.1 for repeat factors; point 21 of the competition's log for weights.
"""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

# A sum of factors that misses a whole number by rounding alone has reached it.
_ROUNDING = 1e-9


def image_repeats(shown: Sequence[Collection[int]], threshold: float, weights: Sequence[float]) -> list[int]:
    """How often each image is listed, at least once.

    Args:
        shown: labels of each image's objects; every image has some.
        threshold: share of the images below which a class is rare, from 0 to 1.
        weights: of the labels, with a mean of 1; empty for 1 each.
    """
    factors = class_factors(shown, threshold, weights)
    total, repeats = 0.0, []
    for labels in shown:
        before = math.floor(total + _ROUNDING)
        total += max(factors[label] for label in labels)
        repeats.append(math.floor(total + _ROUNDING) - before)
    return repeats


def class_factors(shown: Sequence[Collection[int]], threshold: float, weights: Sequence[float]) -> Mapping[int, float]:
    """The factor of each label that an image shows; arguments as of `image_repeats`."""
    images = Counter(label for labels in shown for label in set(labels))
    return {
        label: max(1.0, (weights[label] if weights else 1.0) * max(1.0, math.sqrt(threshold * len(shown) / count)))
        for label, count in images.items()
    }
