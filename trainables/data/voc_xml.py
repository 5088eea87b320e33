"""Pascal VOC xml, one file an image, as LabelImg reads and writes it: text <-> `LabelledImage`.

Two conventions of pixels are in use, and the files do not say which:

* `edges` (LabelImg, most converters): xmin is the left edge, so width = xmax - xmin and COCO's x is xmin.
* `inclusive` (the original Pascal VOC): xmin and xmax number the first and last pixel, counted from 1, so
  x = xmin - 1 and width = xmax - xmin + 1.

Numbers are written as exact as they are; LabelImg cuts them to whole pixels once it saves a file. Elements of an object
that COCO has no name for (pose, truncated, difficult, ...) are kept if they hold text; nested ones are left out.
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Literal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from results.errors import InputError
from trainables.data.labelled_image import (
    Box,
    LabelledBox,
    LabelledImage,
    box_of_corners,
    check_printable,
    is_id,
    is_side,
    number_text,
)
from trainables.data.safe_xml import parse_xml

Pixels = Literal["edges", "inclusive"]
ENDING = ".xml"
_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_OWN = ("name", "bndbox", "annotation_id")
_IMAGE_EXTRAS = ("folder", "segmented")
_TAG = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_LABELIMG_NEEDS = {"pose": "Unspecified", "truncated": "0", "difficult": "0"}


def read_voc(content: bytes, stem: str, pixels: Pixels) -> LabelledImage:
    """The content of the file whose path, without its ending, is `stem`.

    Raises:
        InputError: not XML, hostile XML, an object without a name or with a malformed box.
    """
    place = stem + ENDING
    root = parse_xml(content, place)
    if root.tag != "annotation":
        raise InputError("a VOC file's root is <annotation>", f"{place}: <{root.tag:.40}>", "leave that file out")
    boxes = tuple(_box(one, f"{place}: object {number}", pixels) for number, one in enumerate(root.iter("object"), 1))
    extras = {name: text for name in _IMAGE_EXTRAS if (text := root.findtext(name)) is not None}
    return LabelledImage(_file_name(root, stem), _size(root), boxes, extras)


def voc_text(image: LabelledImage, pixels: Pixels) -> str:
    """The image's file; what LabelImg expects is there, whether the image has it or not."""
    root = Element("annotation")
    path = PurePosixPath(image.file_name)
    _add_texts(root, {"folder": str(path.parent.name), "filename": path.name, **_texts(image.extras)})
    if image.size_px is not None:
        width, height = image.size_px
        _add_texts(SubElement(root, "size"), {"width": str(width), "height": str(height), "depth": "3"})
    for box in image.boxes:
        _add_box(SubElement(root, "object"), box, pixels)
    indent(root, "\t")
    return tostring(root, encoding="unicode") + "\n"


def _box(element: Element, place: str, pixels: Pixels) -> LabelledBox:
    name, corners = element.findtext("name"), element.find("bndbox")
    if name is None or not name.strip() or corners is None:
        raise InputError("an object has a <name> and a <bndbox>", place, "add what is missing")
    values = [_number(corners.findtext(corner), f"{place}: {corner}") for corner in _CORNERS]
    shift = 1.0 if pixels == "inclusive" else 0.0
    xywh = box_of_corners((values[0] - shift, values[1] - shift, values[2], values[3]), place)
    extras = {one.tag: (one.text or "").strip() for one in element if one.tag not in _OWN and len(one) == 0}
    id_ = _whole(element.findtext("annotation_id"))
    return LabelledBox(name, xywh, id_ if is_id(id_) else None, extras)


def _add_box(element: Element, box: LabelledBox, pixels: Pixels) -> None:
    own = {} if box.annotation_id is None else {"annotation_id": str(box.annotation_id)}
    _add_texts(element, {"name": box.name, **_LABELIMG_NEEDS, **_texts(box.extras), **own})
    _add_texts(
        SubElement(element, "bndbox"), dict(zip(_CORNERS, map(number_text, _corners(box.xywh, pixels)), strict=True))
    )


def _corners(xywh: Box, pixels: Pixels) -> Box:
    left, top, width, height = xywh
    shift = 1.0 if pixels == "inclusive" else 0.0
    return left + shift, top + shift, left + width, top + height


def _file_name(root: Element, stem: str) -> str:
    """The image beside the label file: the name that the file gives, in the folder that the label file lies in.

    Its own folder is not believed: LabelImg notes the one of whoever drew the boxes.
    """
    given = (root.findtext("filename") or "").strip().replace("\\", "/").rpartition("/")[2]
    path = PurePosixPath(stem)
    # A file that was copied or renamed with its image may still name another one.
    ending = PurePosixPath(given).suffix if given else ""
    return str(path.parent / given) if PurePosixPath(given).stem == path.name else str(path) + (ending or ".jpg")


def _size(root: Element) -> tuple[int, int] | None:
    sides = [_whole(root.findtext(f"size/{side}")) for side in ("width", "height")]
    width, height = sides
    return (width, height) if is_side(width) and is_side(height) else None


def _number(text: str | None, place: str) -> float:
    try:
        return float(text or "")
    except ValueError as error:
        raise InputError("a corner is a number", f"{place}: {text!r:.40}", "mend that box") from error


def _whole(text: str | None) -> int | None:
    try:
        return int(text or "")
    except ValueError:
        return None


def _texts(extras: Mapping[str, object]) -> dict[str, str]:
    return {name: check_printable(str(value)) for name, value in extras.items() if _TAG.fullmatch(name)}


def _add_texts(parent: Element, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        SubElement(parent, name).text = text
