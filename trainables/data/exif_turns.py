"""Where a box goes when a picture is turned or mirrored as its EXIF orientation says.

Training and prediction see pictures turned; an annotation tool that ignores EXIF has boxes on the picture as stored.
"""

from typing import cast

from results.coco_json import Row
from trainables.data.picture_files import PictureFile
from trainables.data.row_columns import is_box

Box = tuple[float, float, float, float]


def turned_box(annotation: Row, picture: PictureFile) -> Row:
    """The annotation with its box (xywh) in the turned picture; a row without four numbers stays as it is.

    Args:
        annotation: with a box in the picture as it is stored.
        picture: which says its stored size and its orientation.
    """
    bbox = annotation.get("bbox")
    if not is_box(bbox):
        return annotation
    x, y, w, h = cast(list[float], bbox)
    size = (picture.width_px, picture.height_px)
    return {**annotation, "bbox": list(turned_xywh((x, y, w, h), size, picture.orientation))}


def turned_xywh(box_xywh: Box, stored_size_px: tuple[int, int], orientation: int) -> Box:
    """A box of the stored picture in the picture that a viewer shows.

    Args:
        box_xywh: in the stored picture.
        stored_size_px: its width and height.
        orientation: EXIF's, 1 to 8.
    """
    x, y, w, h = box_xywh
    width, height = stored_size_px
    right, below = width - x - w, height - y - h
    return {
        1: (x, y, w, h),
        2: (right, y, w, h),
        3: (right, below, w, h),
        4: (x, below, w, h),
        5: (y, x, h, w),
        6: (below, x, h, w),
        7: (below, right, h, w),
        8: (y, right, h, w),
    }[orientation]
