"""LabelMe json, one file an image: text <-> `LabelledImage`.

A rectangle is two opposite corners in pixels, edges as COCO has them. Outlines become the box around them. What else a
shape says (group_id, flags, description, ...) is kept; the embedded image is not. LabelMe itself keeps fields that it
does not know, so annotation ids come back from it.
"""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath

from results.coco_json import json_remedy
from results.errors import InputError
from results.nearest import listed
from trainables.data.labelled_image import MOST_PX, LabelledBox, LabelledImage, box_of_corners, is_id, is_side
from trainables.data.safe_xml import decoded

ENDING = ".json"
_OWN_OF_IMAGE = ("shapes", "imagePath", "imageData", "imageHeight", "imageWidth")
_OWN_OF_SHAPE = ("label", "points", "shape_type", "annotation_id")
_BOXED = {"rectangle": 2, "polygon": 3}
_VERSION = "5.5.0"


def read_labelme(content: bytes, stem: str) -> LabelledImage:
    """The content of the file whose path, without its ending, is `stem`.

    Raises:
        InputError: not LabelMe json, or a shape that is neither a rectangle nor an outline.
    """
    place = stem + ENDING
    top = _object(content, place)
    shapes = top.get("shapes")
    if not isinstance(shapes, list):
        raise InputError("a LabelMe file lists its shapes", f"{place}: {listed(sorted(top))}", "leave that file out")
    boxes = tuple(_box(shape, f"{place}: shape {number}") for number, shape in enumerate(shapes, 1))
    extras = {key: value for key, value in top.items() if key not in _OWN_OF_IMAGE}
    return LabelledImage(_file_name(top, stem), _size(top), boxes, extras)


def labelme_text(image: LabelledImage) -> str:
    """The image's file; it names the image as lying beside it."""
    width, height = image.size_px or (None, None)
    content = {
        "version": _VERSION,
        "flags": {},
        **image.extras,
        "shapes": [_shape(box) for box in image.boxes],
        "imagePath": PurePosixPath(image.file_name).name,
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _box(shape: object, place: str) -> LabelledBox:
    if not isinstance(shape, dict) or not isinstance(shape.get("label"), str) or not shape["label"].strip():
        raise InputError("a shape has a label", f"{place}: {shape!r:.60}", "name its class")
    kind, points = str(shape.get("shape_type", "polygon")), _points(shape.get("points"))
    if kind not in _BOXED or len(points) < _BOXED[kind]:
        raise InputError("a shape is a rectangle or an outline of points", f"{place}: {kind!r:.40}", "draw a rectangle")
    columns = list(zip(*points, strict=True))
    corners = (min(columns[0]), min(columns[1]), max(columns[0]), max(columns[1]))
    id_ = shape.get("annotation_id")
    extras = {key: value for key, value in shape.items() if key not in _OWN_OF_SHAPE}
    xywh = box_of_corners(map(float, corners), place)
    return LabelledBox(shape["label"], xywh, id_ if is_id(id_) else None, extras)


def _shape(box: LabelledBox) -> dict[str, object]:
    x, y, width, height = box.xywh
    own = {} if box.annotation_id is None else {"annotation_id": box.annotation_id}
    drawn = {"points": [[x, y], [x + width, y + height]], "shape_type": "rectangle"}
    return {"label": box.name, "group_id": None, "description": "", "flags": {}, **drawn, **box.extras, **own}


def _points(value: object) -> list[list[float]]:
    """The points, or none where they are malformed."""
    points = value if isinstance(value, list) else []
    sound = all(isinstance(one, list) and [_is_coordinate(side) for side in one] == [True, True] for one in points)
    return points if sound else []


def _is_coordinate(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -MOST_PX <= value <= MOST_PX


def _file_name(top: Mapping[str, object], stem: str) -> str:
    """The image beside the label file; only the ending of the path that LabelMe noted is believed."""
    noted = PurePosixPath(str(top.get("imagePath") or "").replace("\\", "/"))
    return stem + (noted.suffix or ".jpg")


def _size(top: Mapping[str, object]) -> tuple[int, int] | None:
    width, height = top.get("imageWidth"), top.get("imageHeight")
    return (width, height) if is_side(width) and is_side(height) else None


def _object(content: bytes, place: str) -> Mapping[str, object]:
    try:
        top = json.loads(decoded(content, place))
    except (ValueError, RecursionError) as error:
        raise InputError("the file is json", f"{place}: {error}", json_remedy(content, error)) from error
    if not isinstance(top, dict):
        raise InputError("a LabelMe file is an object", f"{place}: {type(top).__name__}", "leave that file out")
    return top
