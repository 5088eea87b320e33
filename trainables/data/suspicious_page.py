"""The sheet of pictures of `labels suspicious`: each label with its surroundings, label and detection drawn.

Names of classes stand in the captions, where a browser has every script; in the pictures are boxes only.
"""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, UnidentifiedImageError

from results.boxes import FloatArray
from results.errors import InputError
from trainables.data.report_page import Gallery, Picture, Section, Table, write_page
from trainables.data.suspicion import KINDS, WORTH_A_LOOK
from trainables.data.suspicious_command import Suspects, row_of

_LABEL, _DETECTION = "#22aa44", "#ff7f0e"
_SIDE_PX = 300
_LEAST_MARGIN_PX = 24.0
_MARGIN = 0.6
_LINE_PX = 3
_DASH_PX = 10
_MEANING = {
    "missed": "such labels are usually found, this one was not",
    "badly placed": "the detection lies elsewhere than such detections usually do",
    "wrong class": "a detection of another class is in the label's place",
    "not labelled": "a detection that is usually right, and no label is there",
}


def write_suspicious_page(path: Path, suspects: Suspects) -> None:
    """Writes the page.

    Raises:
        InputError: an image cannot be read.
    """
    pictures = [
        _picture(rank, row_of(one, suspects.boxes), suspects.images) for rank, one in enumerate(suspects.listed, 1)
    ]
    counts = Table(
        ("kind", f"from {WORTH_A_LOOK} on", "means"), [(kind, suspects.counts[kind], _MEANING[kind]) for kind in KINDS]
    )
    about = (
        f"Trial {suspects.trial} of run {suspects.run} was not trained on these"
        f" {len(suspects.boxes.truth.images)} images."
        " Suspicion runs from 0 to 1: how sure the trial is that the label is wrong, from how often detections with"
        " such scores agree with labels, and how well labels of this class and size are found."
    )
    legend = "Green: the label. Orange, dashed: the detection."
    sections = [Section("What was compared", [about, counts]), Section("Worst first", [legend, Gallery(pictures)])]
    write_page(path, f"Suspicious labels: {suspects.run}", sections)


def _picture(rank: int, row: dict[str, object], folder: Path) -> Picture:
    path = folder / str(row["file_name"])
    boxes = {
        colour: np.array(row[key])
        for key, colour in (("label_xywh", _LABEL), ("detected_xywh", _DETECTION))
        if row[key]
    }
    try:
        with Image.open(path) as image:
            drawn = _drawn(image.convert("RGB"), boxes)
    except (OSError, UnidentifiedImageError) as error:
        raise InputError("images lie in the data set's folder", f"{path}: {error}", "give it with --images") from error
    buffer = BytesIO()
    drawn.save(buffer, format="PNG")
    return Picture(buffer.getvalue(), _caption(rank, row))


def _caption(rank: int, row: dict[str, object]) -> str:
    label = "no label" if row["label"] is None else f"label {row['label']}"
    detected = "" if row["detected"] is None else f", detected {row['detected']} at {row['detected_score']:.2f}"
    iou = "" if row["iou"] is None else f", IoU {row['iou']:.2f}"
    return f"{rank}. {row['kind']} {row['suspicion']:.2f}: {label}{detected}{iou}. {row['file_name']}"


def _drawn(image: Image.Image, boxes: dict[str, FloatArray]) -> Image.Image:
    """A square around the boxes, enlarged or reduced to 300 px, with the boxes drawn."""
    left, top, side = _square(image.size, np.stack(list(boxes.values())))
    scale = _SIDE_PX / side
    cut = image.crop((round(left), round(top), round(left + side), round(top + side))).resize((_SIDE_PX, _SIDE_PX))
    pen = ImageDraw.Draw(cut)
    for colour, (x, y, width, height) in boxes.items():
        corners = [(x - left) * scale, (y - top) * scale, (x + width - left) * scale, (y + height - top) * scale]
        if colour == _LABEL:
            pen.rectangle(corners, outline=colour, width=_LINE_PX)
        else:
            _dashed(pen, corners, colour)
    return cut


def _square(size_px: tuple[int, int], boxes_xywh: FloatArray) -> tuple[float, float, float]:
    """Left, top and side of a square that holds the boxes and their surroundings; within the image where it fits."""
    low, high = boxes_xywh[:, :2].min(axis=0), (boxes_xywh[:, :2] + boxes_xywh[:, 2:]).max(axis=0)
    extent = float((high - low).max())
    side = extent + 2 * max(_MARGIN * extent / 2, _LEAST_MARGIN_PX)
    corner = (low + high - side) / 2
    left, top = (min(max(at, 0.0), max(whole - side, 0.0)) for at, whole in zip(corner.tolist(), size_px, strict=True))
    return left, top, side


def _dashed(pen: ImageDraw.ImageDraw, corners: list[float], colour: str) -> None:
    left, top, right, bottom = corners
    for start in np.arange(left, right, 2 * _DASH_PX):
        for y in (top, bottom):
            pen.line([start, y, min(start + _DASH_PX, right), y], fill=colour, width=_LINE_PX)
    for start in np.arange(top, bottom, 2 * _DASH_PX):
        for x in (left, right):
            pen.line([x, start, x, min(start + _DASH_PX, bottom)], fill=colour, width=_LINE_PX)
