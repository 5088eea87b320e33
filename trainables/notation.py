"""How parameter values are written as text: image scales, lists of numbers, epochs.

A search tool stores values as plain text and numbers, never as tuples; this module is the one place that reads such
text. It imports no torch and does not know which parameter a text belongs to.
"""

import itertools
import re
from dataclasses import dataclass

from results.errors import InputError

MIN_SIDE_PX = 32
MAX_SIDE_PX = 8192
NONE = "none"
# A scale of the predict tier: the largest scale that the trial trained at.
FOLLOW_TRAINING = "train"
# Ratios of anchors: fitted to the boxes of the training images.
KMEANS = "kmeans"
# In the place of a number: the one that follows from the competition's rule.
RULE = "rule"

_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})\Z")
_SCALE_RULE = "an image scale is LONGxSHORT in pixels, the long side first (the image is fitted inside, its shape kept)"


@dataclass(frozen=True)
class ImageScale:
    """The box that an image is fitted into, its shape kept, in pixels.

    mmdet turns the box to lie as the image does, so the width is the limit of the long side, whichever that is.
    """

    width_px: int
    height_px: int

    def __str__(self) -> str:
        """The written form, "1333x800"."""
        return f"{self.width_px}x{self.height_px}"


@dataclass(frozen=True)
class TrainScales:
    """Image scales of training.

    Attributes:
        scales: one; or the two ends of a range; or the members of a list.
        is_range: a scale is drawn between the two ends, anew for each image; otherwise from the list.
    """

    scales: tuple[ImageScale, ...]
    is_range: bool

    def largest(self) -> ImageScale:
        """The scale with the most pixels; what prediction uses when told to follow training."""
        return max(self.scales, key=lambda scale: scale.width_px * scale.height_px)


def parse_scale(text: str) -> ImageScale:
    """Reads "1333x800".

    Raises:
        InputError: another form, the short side first, or a side outside `MIN_SIDE_PX` to `MAX_SIDE_PX`.
    """
    match = _SIZE.match(text)
    if match is None:
        raise InputError(_SCALE_RULE, repr(text), 'write for example "1333x800"')
    width_px, height_px = (int(side) for side in match.groups())
    if not MIN_SIDE_PX <= height_px <= width_px <= MAX_SIDE_PX:
        rule = f"a side of an image scale has {MIN_SIDE_PX} to {MAX_SIDE_PX} pixels, the long side first"
        raise InputError(rule, repr(text), 'write for example "1333x800"')
    return ImageScale(width_px, height_px)


def parse_train_scales(text: str) -> TrainScales:
    """Reads "1333x800", the range "2048x1000..2048x1200" or the list "1333x800|1333x960".

    Raises:
        InputError: another form, or a range whose second scale is smaller on a side than its first.
    """
    if ".." not in text:
        return TrainScales(tuple(parse_scale(part) for part in text.split("|")), is_range=False)
    first, _, last = text.partition("..")
    low, high = parse_scale(first), parse_scale(last)
    if low.width_px > high.width_px or low.height_px > high.height_px:
        raise InputError("a range of image scales runs from small to large", repr(text), f'write "{last}..{first}"')
    return TrainScales((low, high), is_range=True)


def parse_predict_scales(text: str, train_scale: str) -> tuple[ImageScale, ...]:
    """The scales of prediction, each once: "1333x1000", or a list "train|1600x1200".

    Args:
        text: "train" in it stands for the largest scale of `train_scale`.
        train_scale: of the trial.

    Raises:
        InputError: a text that is read has another form.
    """
    largest = parse_train_scales(train_scale).largest()
    scales = (largest if part == FOLLOW_TRAINING else parse_scale(part) for part in text.split("|"))
    return tuple(dict.fromkeys(scales))


def parse_numbers(text: str) -> tuple[float, ...]:
    """Reads "0.5,1,2".

    Raises:
        InputError: a part that is no finite number above zero.
    """
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or not all(0 < number < float("inf") for number in numbers):
        raise InputError("a list holds numbers above 0 with commas between", repr(text), 'write for example "0.5,1,2"')
    return numbers


def parse_epochs(text: str) -> tuple[int, ...]:
    """Reads the epochs "8,11" after which the learning rate falls; "none" for never.

    Raises:
        InputError: another form, or epochs that do not rise.
    """
    if text == NONE:
        return ()
    numbers = parse_numbers(text)
    rising = all(left < right for left, right in itertools.pairwise(numbers))
    if not rising or not all(number.is_integer() for number in numbers):
        raise InputError("steps are whole epochs in rising order", repr(text), 'write for example "8,11" or "none"')
    return tuple(int(number) for number in numbers)
