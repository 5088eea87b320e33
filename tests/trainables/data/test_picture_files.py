"""What picture files say of themselves, and where boxes go when EXIF turns a picture."""

from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

from trainables.data.exif_turns import turned_box, turned_xywh
from trainables.data.picture_files import PictureFile, read_picture

WIDTH, HEIGHT = 30, 20


def turned_picture(path: Path, orientation: int, box: tuple[int, int, int, int]) -> None:
    pixels = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    x, y, w, h = box
    pixels[y : y + h, x : x + w] = 255
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(pixels).save(path, exif=exif)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_goes_where_its_pixels_go(tmp_path: Path, orientation: int) -> None:
    path, box = tmp_path / "a.png", (3, 5, 12, 4)
    turned_picture(path, orientation, box)
    with Image.open(path) as picture:
        shown = np.asarray(ImageOps.exif_transpose(picture))
    ys, xs = np.nonzero(shown)
    found = (xs.min(), ys.min(), xs.max() + 1 - xs.min(), ys.max() + 1 - ys.min())
    assert turned_xywh(box, (WIDTH, HEIGHT), orientation) == found
    read = read_picture(path)
    assert (read.orientation, read.turned_size_px) == (orientation, shown.shape[::-1])


def test_a_row_without_a_box_is_not_turned() -> None:
    row = {"id": 1, "bbox": [1, 2, None, 4]}
    assert turned_box(row, PictureFile("", "", WIDTH, HEIGHT, 6)) is row


@pytest.mark.parametrize(("channel", "mode"), [(0, "grey"), (40, "colour")])
def test_grey_is_what_has_equal_channels(tmp_path: Path, channel: int, mode: str) -> None:
    pixels = np.full((HEIGHT, WIDTH, 3), 90, dtype=np.uint8)
    pixels[..., 1] += channel
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png").mode == mode


def test_a_cut_off_jpeg_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:900])
    read = read_picture(path)
    assert "truncated" in read.fault and read.content
