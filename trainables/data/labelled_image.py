"""What every label format says of one image: its name, its size and named boxes. The hub that formats convert through.

Boxes are xywh in original-image pixels, measured from the outer edge of the first pixel (0, 0), as COCO has them; a
format's own convention stays in that format's module. Reads and writes no files.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TypeGuard

from results.errors import InputError

Box = tuple[float, float, float, float]
MOST_PX = 1e9  # no coordinate or side of any picture is longer
_MOST_ID = 2**63 - 1  # what COCO's ids are stored in
_BELOW_SPACE = 0x20


@dataclass(frozen=True)
class LabelledBox:
    """One box.

    Attributes:
        name: of its class.
        xywh: left, top, width and height in px.
        annotation_id: of the row that it was exported from, where the format kept it.
        extras: fields of the format that COCO has no name for, as plain data.
    """

    name: str
    xywh: Box
    annotation_id: int | None = None
    extras: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelledImage:
    """One label file's content.

    Attributes:
        file_name: of the image, relative to the image folder, with "/" between folders.
        size_px: width and height; None where the label file does not say.
        boxes: in the file's order.
        extras: as of a box.
    """

    file_name: str
    size_px: tuple[int, int] | None
    boxes: tuple[LabelledBox, ...]
    extras: Mapping[str, object] = field(default_factory=dict)


def is_side(value: object) -> TypeGuard[int]:
    """Whether a value can be a picture's width or height in whole px."""
    return type(value) is int and 0 < value <= MOST_PX


def is_id(value: object) -> TypeGuard[int]:
    """Whether a value can be the id of an annotation."""
    return type(value) is int and -_MOST_ID <= value <= _MOST_ID


def box_of_corners(corners: Iterable[float], place: str) -> Box:
    """xywh of left, top, right and bottom edges.

    Raises:
        InputError: a value is not finite, or right is left of left, or bottom above top.
    """
    left, top, right, bottom = corners
    if not all(-MOST_PX <= edge <= MOST_PX for edge in (left, top, right, bottom)) or right < left or bottom < top:
        rule = "corners are finite, and right and bottom are not before left and top"
        raise InputError(rule, f"{place}: {left}, {top}, {right}, {bottom}", "mend that box")
    return left, top, right - left, bottom - top


def stem_of(file_name: str) -> str:
    """What an image and its label file have in common: folder and name without the ending.

    In one Unicode form, because file systems differ in how they store an accent, and with "/" for Windows' backslash.
    """
    path = PurePosixPath(unicodedata.normalize("NFC", file_name.replace("\\", "/")))
    return str(path.with_suffix(""))


def check_stem(file_name: str) -> str:
    """The stem of an image that a label file can be written for, below the target folder.

    Raises:
        InputError: an empty or absolute name, one that leaves the folder, or one with control characters.
    """
    stem = stem_of(file_name) if PurePosixPath(file_name.replace("\\", "/")).name else ""
    path = PurePosixPath(stem)
    if not stem or path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise InputError("an image's name stays below its folder", repr(file_name), "name it relative to the folder")
    check_printable(file_name)
    return stem


def check_printable(name: str) -> str:
    """The name itself.

    Raises:
        InputError: it holds control characters, which label files cannot carry.
    """
    if any(ord(sign) < _BELOW_SPACE or unicodedata.category(sign) in ("Cs", "Cc") for sign in name):
        raise InputError("names in label files hold no control characters", repr(name), "rename it")
    return name


def number_text(value: float) -> str:
    """The shortest text that reads back as the same float; whole numbers without a point, as label tools write them."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))
