"""Thumbnails of faulty boxes and images, as training sees the pictures: turned as EXIF says.

A box is shown with its surroundings, red, over the edge of the picture where it leaves it; the same image's other boxes
are green. What has no readable picture has no thumbnail.
"""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from results.boxes import FloatArray
from trainables.data.check_report import ids_of
from trainables.data.checking import Check
from trainables.data.fault_kinds import Fault
from trainables.data.report_page import Picture
from trainables.data.row_columns import NO_ROW

MOST_OF_A_KIND = 6
_SIDE_PX = 260
_LEAST_SHOWN_PX = 100
_BEYOND = (205, 205, 205)
_FAULTY, _OTHER = (220, 30, 30), (70, 200, 90)
_EMPTY = np.zeros((0, 4))


def thumbnails(fault: Fault, check: Check) -> list[Picture]:
    """Small pictures of the first few rows of a fault of images or annotations."""
    pictures = []
    ids = ids_of(fault, check.columns)
    for place, row in enumerate(fault.rows.tolist()):
        path = _path(fault, row, check)
        if path is not None:
            note = fault.notes[place] if fault.notes else ""
            name = "" if note.startswith(path.name) else f", {path.name}"
            caption = f"{fault.kind.name}: id {ids[place]}{name}{f', {note}' if note else ''}"
            pictures.append(Picture(_png(path, *_boxes(fault, row, check)), caption))
        if len(pictures) == MOST_OF_A_KIND:
            break
    return pictures


def _path(fault: Fault, row: int, check: Check) -> Path | None:
    """The readable picture of a faulty row."""
    if check.pictures.folder is None or fault.kind.table == "categories":
        return None
    image_row = row if fault.kind.table == "images" else int(check.columns.annotations.image_row[row])
    picture = check.pictures.of_row.get(image_row)
    if image_row == NO_ROW or picture is None or picture.fault:
        return None
    return check.pictures.folder / check.columns.images.file_name[image_row]


def _boxes(fault: Fault, row: int, check: Check) -> tuple[FloatArray, FloatArray]:
    """The faulty box, (0, 4) if it has none that could be drawn, and the image's other boxes."""
    annotations = check.columns.annotations
    finite = np.asarray(np.isfinite(annotations.box.xywh).all(axis=1))
    if fault.kind.table == "images":
        return _EMPTY, annotations.box.xywh[(annotations.image_row == row) & finite]
    others = (annotations.image_row == annotations.image_row[row]) & finite
    others[row] = False
    return annotations.box.xywh[[row]][finite[[row]]], annotations.box.xywh[others]


def _png(path: Path, faulty: FloatArray, others: FloatArray) -> bytes:
    with Image.open(path) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    region = _region(picture.size, faulty)
    shown = _cut_out(picture, region)
    scale = _SIDE_PX / max(shown.size)
    shown = shown.resize((max(1, round(shown.width * scale)), max(1, round(shown.height * scale))))
    draw = ImageDraw.Draw(shown)
    for boxes, colour, width in ((others, _OTHER, 2), (faulty, _FAULTY, 3)):
        for box in boxes:
            corners = (np.array([box[:2], box[:2] + box[2:]]) - region[:2]) * scale
            low, high = (np.clip(side, -9, 9 * _SIDE_PX) for side in (corners.min(axis=0), corners.max(axis=0)))
            draw.rectangle([*low.tolist(), *high.tolist()], outline=colour, width=width)
    buffer = BytesIO()
    shown.save(buffer, format="PNG")
    return buffer.getvalue()


def _region(size_px: tuple[int, int], faulty: FloatArray) -> FloatArray:
    """(4,) left, top, right, bottom of what is shown, in the picture's pixels; it may reach beyond the picture."""
    size = np.array(size_px, dtype=np.float64)
    if not len(faulty):
        return np.array([0.0, 0.0, *size_px])
    corners = np.array([faulty[0, :2], faulty[0, :2] + faulty[0, 2:]])
    corners = np.clip(np.sort(corners, axis=0), -0.5 * size, 1.5 * size)  # a box may lie anywhere
    margin = np.maximum(0.5 * (corners[1] - corners[0]), _LEAST_SHOWN_PX / 2)
    low, high = corners[0] - margin, corners[1] + margin
    if (corners[1] <= 0).any() or (corners[0] >= size).any():  # wholly outside: the picture must be seen, too
        low, high = np.minimum(low, 0), np.maximum(high, size)
    beyond = 0.05 * size
    edge_low = np.where(corners[0] < 0, corners[0] - beyond, 0)
    edge_high = np.where(corners[1] > size, corners[1] + beyond, size)
    return np.concatenate([np.floor(np.maximum(low, edge_low)), np.ceil(np.minimum(high, edge_high))])


def _cut_out(picture: Image.Image, region: FloatArray) -> Image.Image:
    left, top, right, bottom = (int(value) for value in region)
    canvas = Image.new("RGB", (right - left, bottom - top), _BEYOND)
    inside = (max(left, 0), max(top, 0), min(right, picture.width), min(bottom, picture.height))
    if inside[0] < inside[2] and inside[1] < inside[3]:
        canvas.paste(picture.crop(inside), (inside[0] - left, inside[1] - top))
    return canvas
