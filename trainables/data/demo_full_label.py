"""Labels of `demo_full` (4096x3000 px, grey): the sheet, where defects belong, and the finished picture.

Shapes are in the units of `demo_label`'s small frame; boxes are in pixels of the finished picture.
"""

from collections.abc import Mapping

import cv2
import numpy as np

from trainables.data.demo_canvas import Box, Frame
from trainables.data.demo_full_label_defects import paint_bubble, paint_wrinkles
from trainables.data.demo_full_light import shine_unevenly
from trainables.data.demo_full_patch import FinishedPicture, Painter, paint_in_box
from trainables.data.demo_full_places import Centre, free_box
from trainables.data.demo_full_plan import Planned
from trainables.data.demo_label import LABEL_FRAME, Label, label_picture
from trainables.data.demo_scene import ASKEW, BUBBLE, WRINKLED, Mark

LABEL_SIZE_PX = (4096, 3000)
_PX = LABEL_SIZE_PX[0] / LABEL_FRAME.width_px  # pixels of the finished picture in one unit of the small one
_ENLARGED = 2  # drawn at half the size: a camera this close is not sharper, and four times slower to draw
_FRAME = Frame(LABEL_FRAME.width_px, LABEL_FRAME.height_px, _PX / _ENLARGED / LABEL_FRAME.samples)
_CUT_PX = (_FRAME.shape[0] * _ENLARGED - LABEL_SIZE_PX[1]) // 2
_PAINTERS: Mapping[int, Painter] = {WRINKLED: paint_wrinkles, BUBBLE: paint_bubble}
_SHEET_SHARE = 0.42


def draw_label(objects: tuple[Planned, ...], rng: np.random.Generator) -> tuple[FinishedPicture, list[Mark]]:
    """A label with these objects, (3000, 4096) grey before noise, and a mark for each of them.

    There is one label: a second one that is askew has the same box.
    """
    askew = next((planned for planned in objects if planned.category_id == ASKEW), None)
    label = _straight_label(rng) if askew is None else _askew_label(askew, rng)
    picture = _finished_size(label, rng)
    shine_unevenly(picture, rng)
    marks: list[Mark] = []
    for planned in sorted(objects, key=lambda one: -one.width_px * one.height_px):
        if planned.category_id == ASKEW:
            marks.append(Mark(ASKEW, _sheet_box(label)))
            continue
        taken = [mark.box_xywh for mark in marks if mark.category_id != ASKEW]
        box = free_box(planned, lambda one: _centre(label, one, rng), taken, LABEL_SIZE_PX)
        paint_in_box(picture, box, _PAINTERS[planned.category_id], rng)
        marks.append(Mark(planned.category_id, box))
    return picture, marks


def _finished_size(label: Label, rng: np.random.Generator) -> FinishedPicture:
    drawn = np.ascontiguousarray(label_picture(label, rng, _FRAME)[..., 0])
    size = drawn.shape[1] * _ENLARGED, drawn.shape[0] * _ENLARGED
    large = cv2.resize(drawn, size, interpolation=cv2.INTER_CUBIC)[_CUT_PX : _CUT_PX + LABEL_SIZE_PX[1]]
    return np.ascontiguousarray(large, dtype=np.float32)


def _straight_label(rng: np.random.Generator) -> Label:
    return Label(
        x_px=float(rng.uniform(150, 170)),
        y_px=float(rng.uniform(112, 128)),
        width_px=float(rng.uniform(168, 198)),
        height_px=float(rng.uniform(112, 150)),
        tilt_rad=float(np.deg2rad(rng.uniform(-0.5, 0.5))),
    )


def _askew_label(askew: Planned, rng: np.random.Generator) -> Label:
    """A label whose sheet, tilted, fills a box of the planned size somewhere about the middle."""
    tilt = float(np.deg2rad(rng.uniform(3, 6.5)))
    cosine, sine = float(np.cos(tilt)), float(np.sin(tilt))
    width, height = askew.width_px / _PX, askew.height_px / _PX
    room_x, room_y = (LABEL_SIZE_PX[0] / _PX - width) / 2 - 1, (LABEL_SIZE_PX[1] / _PX - height) / 2 - 1
    straight = cosine**2 - sine**2
    return Label(
        x_px=LABEL_FRAME.width_px / 2 + float(rng.uniform(-1, 1)) * min(12.0, room_x),
        y_px=LABEL_FRAME.height_px / 2 + float(rng.uniform(-1, 1)) * min(10.0, room_y),
        width_px=(width * cosine - height * sine) / straight,
        height_px=(height * cosine - width * sine) / straight,
        tilt_rad=tilt * float(rng.choice((-1, 1))),
    )


def _sheet_box(label: Label) -> Box:
    corners = np.array(label.rectangle(0, 0, label.width_px, label.height_px)) * _PX - [0.0, _CUT_PX]
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return left, top, right - left, bottom - top


def _centre(label: Label, planned: Planned, rng: np.random.Generator) -> Centre:
    """A place on the sheet, away from its border as far as the object's size lets it."""
    sides = zip((label.width_px, label.height_px), (planned.width_px, planned.height_px), strict=True)
    reach = [max(_SHEET_SHARE * sheet - own / 2 / _PX, 0.05 * sheet) for sheet, own in sides]
    x, y = label.point(*(float(rng.uniform(-1, 1)) * one for one in reach))
    return x * _PX, y * _PX - _CUT_PX
