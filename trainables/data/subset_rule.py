"""Which images a subset of a data set holds: a rule over an image's size and mode, the same for training and routing.

A subset by class holds every image: its models say nothing of other classes, which `classes` of the data set decides.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from results.boxes import Images, IntArray
from results.errors import InputError

GREY, COLOUR = "grey", "colour"
MODES = (GREY, COLOUR)
_GREY_SPREAD = 2.0  # mean difference of the channels, of 255: JPEG tints grey pictures by less


@dataclass(frozen=True)
class SubsetRule:
    """Images whose long side and mode are these; what is None does not matter.

    Attributes:
        at_most_px: the longest long side.
        above_px: the long side is longer than this.
        mode: "grey" or "colour", as the image's pixels are, whatever its file says.
    """

    at_most_px: int | None = None
    above_px: int | None = None
    mode: str | None = None

    def holds(self, long_side_px: int, mode: str | None) -> bool:
        """Whether an image belongs to the subset; its mode is needed only where the rule names one."""
        short_enough = self.at_most_px is None or long_side_px <= self.at_most_px
        long_enough = self.above_px is None or long_side_px > self.above_px
        return short_enough and long_enough and self.mode in (None, mode)

    def to_dict(self) -> dict[str, object]:
        """What is given, as plain values for a file."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    @staticmethod
    def from_dict(values: Mapping[str, object]) -> "SubsetRule":
        """The inverse of `to_dict`.

        Raises:
            InputError: an unknown key, a side that is no whole number, or an unknown mode.
        """
        rule = "a subset is said by at_most_px, above_px (whole numbers) and mode (grey or colour)"
        sides = [values.get(key) for key in ("at_most_px", "above_px")]
        known = set(values) <= {"at_most_px", "above_px", "mode"}
        if not known or values.get("mode") not in (None, *MODES) or not all(_is_side(side) for side in sides):
            raise InputError(rule, dict(values), "see docs/DATA.md")
        return SubsetRule(**values)  # type: ignore[arg-type]  # checked above


def images_of_subset(rule: SubsetRule | None, images: Images, folder: Path) -> IntArray:
    """Rows of the images that a rule holds for, ascending; all of them without a rule.

    Args:
        rule: of one subset.
        images: with sizes in pixels.
        folder: where they lie; opened only where the rule names a mode.

    Raises:
        InputError: an image must be opened and cannot be read.
    """
    if rule is None:
        return np.arange(len(images), dtype=np.int64)
    sides = np.maximum(images.width_px, images.height_px).tolist()
    modes = [mode_of(folder / name) for name in images.file_name] if rule.mode else [None] * len(sides)
    held = [row for row, (side, mode) in enumerate(zip(sides, modes, strict=True)) if rule.holds(side, mode)]
    return np.array(held, dtype=np.int64)


def mode_of(path: Path) -> str:
    """Whether an image is grey: one channel, or three that differ by next to nothing.

    Raises:
        InputError: it cannot be read.
    """
    import cv2  # searches that route by size alone do without it

    pixels = cv2.imread(str(path), cv2.IMREAD_REDUCED_COLOR_4)
    if pixels is None:
        raise InputError("an image of the data set can be read", path, "restore the file or its permissions")
    spread = pixels.max(axis=2).astype(np.int16) - pixels.min(axis=2)
    return GREY if float(spread.mean()) < _GREY_SPREAD else COLOUR


def _is_side(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0)
