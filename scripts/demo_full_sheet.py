"""Makes docs/pictures/demo_full.png: a sheet of `demo-full` pictures with their boxes.

Run as `uv run python -m scripts.demo_full_sheet OUT.png`.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from results.boxes import Truth, truth_from_coco
from trainables.data.demo_full import demo_full_dataset
from trainables.data.demo_full_label import LABEL_SIZE_PX

_TILE_PX = (240, 180)
_COLUMNS, _OF_CAPS, _OF_LABELS, _OF_LIQUOR = 5, 15, 5, 5
_COLOURS = ((60, 220, 60), (60, 160, 255), (255, 160, 60), (200, 90, 255), (60, 230, 255))


def main(out: Path) -> None:
    """Caps with most objects to none, labels, and the frames of one bottle of liquor."""
    file = demo_full_dataset()
    first, second = truth_from_coco(file.parent / "val.json"), truth_from_coco(file.parent / "val_round2.json")
    large = first.images.width_px == LABEL_SIZE_PX[0]
    rows = [
        *_evenly(np.flatnonzero(~large), _OF_CAPS, first),
        *_evenly(np.flatnonzero(large), _OF_LABELS, first),
    ]
    liquor = [row for row, name in enumerate(second.images.file_name) if name.startswith("imgs_")][:_OF_LIQUOR]
    tiles = [_tile(first, row, file.parent / "images") for row in rows]
    tiles += [_tile(second, row, file.parent / "images") for row in liquor]
    lines = [np.hstack(tiles[start : start + _COLUMNS]) for start in range(0, len(tiles), _COLUMNS)]
    out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(out), np.vstack(lines), [cv2.IMWRITE_PNG_COMPRESSION, 9])


def _evenly(rows: npt.NDArray[np.int64], count: int, truth: Truth) -> list[int]:
    """`count` of the rows, at equal steps along their numbers of boxes, so that rare kinds of pictures are seen."""
    boxes = np.array([(truth.image_id == truth.images.image_id[row]).sum() for row in rows])
    steps = np.linspace(0, len(rows) - 1, count).round().astype(int)
    return [int(row) for row in rows[np.argsort(boxes, kind="stable")][steps]]


def _tile(truth: Truth, row: int, folder: Path) -> npt.NDArray[np.uint8]:
    picture = cv2.imread(str(folder / truth.images.file_name[row]), cv2.IMREAD_COLOR)
    assert picture is not None
    scale = _TILE_PX[0] / picture.shape[1], _TILE_PX[1] / picture.shape[0]
    tile = cv2.resize(picture, _TILE_PX, interpolation=cv2.INTER_AREA)
    own = truth.image_id == truth.images.image_id[row]
    for category, (x, y, width, height) in zip(truth.category_id[own], truth.boxes_xywh[own], strict=True):
        colour = _COLOURS[int(category) % len(_COLOURS)]
        corner = round(x * scale[0]) - 1, round(y * scale[1]) - 1
        end = round((x + width) * scale[0]) + 1, round((y + height) * scale[1]) + 1
        cv2.rectangle(tile, corner, end, colour, 1)
        cv2.putText(tile, str(category), (corner[0], max(corner[1] - 3, 11)), 0, 0.4, colour, 1, cv2.LINE_AA)
    return np.asarray(tile, np.uint8)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
