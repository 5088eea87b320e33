"""A sound data set of 70 small pictures, and sixty ways to break it, each on an image of its own.

A plant is told which image is its own (by number from 0) and returns the ids that a check must name. Image n has the id
n + 1 and the annotations 2n + 1 and 2n + 2, so that all plants can be made in one file.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

Rows = dict[str, list[Any]]
NAN, INFINITY = float("nan"), float("inf")
IMAGES = 70
WIDTH, HEIGHT = 60, 40
NAMES = ("瓶盖破损", "瓶盖变形", "瓶盖坏边", "瓶盖打旋", "瓶盖断点")


@dataclass(frozen=True)
class Copy:
    """A copy of the data set that may be broken."""

    rows: Rows
    folder: Path

    def image(self, own: int) -> dict[str, Any]:
        """The row of one image."""
        row: dict[str, Any] = self.rows["images"][own]
        return row

    def box(self, own: int, which: int = 0) -> dict[str, Any]:
        """The row of one of an image's two annotations."""
        row: dict[str, Any] = self.rows["annotations"][2 * own + which]
        return row

    def picture(self, own: int) -> Path:
        """The file of one image."""
        return self.folder / "images" / f"瓶 {own:02}.png"

    def write(self) -> Path:
        """Writes the annotation file."""
        path = self.folder / "delivered.json"
        path.write_text(json.dumps(self.rows, ensure_ascii=False), encoding="utf-8")
        return path


Planting = Callable[[Copy, int], list[int | None]]


@dataclass(frozen=True)
class Plant:
    """One fault: the kind that must be reported, and how it is planted."""

    kind: str
    plant: Planting


def sound_data(folder: Path) -> Copy:
    """Renders the data set: noise, every picture different; test.json holds two more of its kind."""
    (folder / "images").mkdir(parents=True)
    (folder / "test").mkdir()
    random = np.random.default_rng(0)
    images, annotations = [], []
    for number in range(IMAGES):
        name = f"瓶 {number:02}.png"
        _noise(random).save(folder / "images" / name)
        images.append({"id": number + 1, "file_name": name, "width": WIDTH, "height": HEIGHT})
        for which, box in enumerate(([5, 5, 20, 12], [30.5, 10, 15, 20.25])):
            row = {"id": 2 * number + which + 1, "image_id": number + 1, "category_id": 1 + number % 5}
            annotations.append({**row, "bbox": box, "area": box[2] * box[3], "iscrowd": 0})
    _noise(random).save(folder / "test" / "t.png")
    test = {"images": [{"id": 1, "file_name": "t.png", "width": WIDTH, "height": HEIGHT}]}
    (folder / "test.json").write_text(json.dumps(test))
    categories = [{"id": id_, "name": name} for id_, name in enumerate(NAMES, start=1)]
    return Copy({"images": images, "annotations": annotations, "categories": categories}, folder)


def copy_of(sound: Copy, folder: Path) -> Copy:
    """A copy that may be broken."""
    shutil.copytree(sound.folder, folder)
    return Copy(json.loads(json.dumps(sound.rows)), folder)


def _noise(random: np.random.Generator) -> Image.Image:
    return Image.fromarray(random.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8))


def image_key(key: str, value: object) -> Planting:
    """Sets a key of the image's row."""

    def plant(copy: Copy, own: int) -> list[int | None]:
        copy.image(own)[key] = value
        return [None if key == "id" else own + 1]

    return plant


def without_image_key(key: str) -> Planting:
    """Takes a key out of the image's row."""

    def plant(copy: Copy, own: int) -> list[int | None]:
        del copy.image(own)[key]
        return [None if key == "id" else own + 1]

    return plant


def box_key(key: str, value: object) -> Planting:
    """Sets a key of the first annotation's row."""

    def plant(copy: Copy, own: int) -> list[int | None]:
        copy.box(own)[key] = value
        return [None if key == "id" else 2 * own + 1]

    return plant


def without_box_key(key: str) -> Planting:
    """Takes a key out of the first annotation's row."""

    def plant(copy: Copy, own: int) -> list[int | None]:
        del copy.box(own)[key]
        return [None if key == "id" else 2 * own + 1]

    return plant


def added_category(row: object, reported: int | None) -> Planting:
    """Adds a row to the categories."""

    def plant(copy: Copy, own: int) -> list[int | None]:
        copy.rows["categories"].append(row)
        return [reported]

    return plant


def picture_bytes(change: Callable[[bytes], bytes]) -> Planting:
    """Writes other bytes into the image's file."""

    def plant(copy: Copy, own: int) -> list[int | None]:
        copy.picture(own).write_bytes(change(copy.picture(own).read_bytes()))
        return [own + 1]

    return plant


def turned(orientation: int, stated: tuple[int, int] = (WIDTH, HEIGHT)) -> Planting:
    """Has EXIF turn the picture, and the row state a size."""

    def plant(copy: Copy, own: int) -> list[int | None]:
        with Image.open(copy.picture(own)) as picture:
            exif = picture.getexif()
            exif[ExifTags.Base.Orientation] = orientation
            picture.save(copy.picture(own), exif=exif)
        copy.image(own).update(width=stated[0], height=stated[1])
        return [own + 1]

    return plant


def resized(width: int, height: int) -> Planting:
    """Writes the picture in another size."""

    def plant(copy: Copy, own: int) -> list[int | None]:
        with Image.open(copy.picture(own)) as picture:
            picture.resize((width, height)).save(copy.picture(own))
        return [own + 1]

    return plant


def missing_picture(copy: Copy, own: int) -> list[int | None]:
    """Deletes the image's file."""
    copy.picture(own).unlink()
    return [own + 1]


def folder_for_picture(copy: Copy, own: int) -> list[int | None]:
    """A folder stands where the file should be."""
    copy.picture(own).unlink()
    copy.picture(own).mkdir()
    return [own + 1]


def picture_of_test(copy: Copy, own: int) -> list[int | None]:
    """The image is one of test, under its own name."""
    shutil.copy(copy.folder / "test" / "t.png", copy.picture(own))
    return [own + 1]


def repeated_picture(copy: Copy, own: int) -> list[int | None]:
    """Image 0 has the same bytes."""
    shutil.copy(copy.picture(0), copy.picture(own))
    return [own + 1]


def listed_twice(copy: Copy, own: int) -> list[int | None]:
    """The image's row stands in the file once more."""
    copy.rows["images"].append(dict(copy.image(own)))
    return [own + 1]


def another_with_the_id(copy: Copy, own: int) -> list[int | None]:
    """Another picture is listed under the image's id."""
    copy.rows["images"].append({**copy.image(own), "file_name": "瓶 01.png"})
    return [own + 1]


def another_id_for_the_name(copy: Copy, own: int) -> list[int | None]:
    """The picture is listed under another id, too, with the second box."""
    copy.rows["images"].append({**copy.image(own), "id": 9000 + own})
    copy.box(own, 1)["image_id"] = 9000 + own
    return [9000 + own]


def row_that_is(table: str, value: object) -> Planting:
    """Adds a row that is no object."""

    def plant(copy: Copy, own: int) -> list[int | None]:
        copy.rows[table].append(value)
        return [None]

    return plant


def id_of_the_other(copy: Copy, own: int) -> list[int | None]:
    """The second annotation has the id of the first."""
    copy.box(own, 1)["id"] = copy.box(own)["id"]
    return [2 * own + 1]


def id_of_another_image(copy: Copy, own: int) -> list[int | None]:
    """The annotation has the id of one of image 0."""
    copy.box(own)["id"] = 1
    return [1]


def again(shift: float) -> Planting:
    """The first box once more, moved."""

    def plant(copy: Copy, own: int) -> list[int | None]:
        box = copy.box(own)
        moved = [box["bbox"][0] + shift, *box["bbox"][1:]]
        copy.rows["annotations"].append({**box, "id": 7000 + own, "bbox": moved})
        return [7000 + own]

    return plant


def renumbered(copy: Copy, own: int) -> list[int | None]:
    """Class 4 of the contest has the id 40, annotations included."""
    for row in copy.rows["categories"]:
        if isinstance(row, dict) and row.get("id") == 4:
            row["id"] = 40
    for row in copy.rows["annotations"]:
        if isinstance(row, dict) and row.get("category_id") == 4:
            row["category_id"] = 40
    return [40]


def out_of_order(copy: Copy, own: int) -> list[int | None]:
    """The first two categories change places."""
    categories = copy.rows["categories"]
    categories[0], categories[1] = categories[1], categories[0]
    return [categories[1]["id"]]


PLANTS = (
    Plant("malformed-image", without_image_key("file_name")),
    Plant("malformed-image", image_key("file_name", 7)),
    Plant("malformed-image", without_image_key("id")),
    Plant("malformed-image", image_key("id", "12")),
    Plant("malformed-image", row_that_is("images", "no object")),
    Plant("image-size-not-stated", without_image_key("width")),
    Plant("image-size-not-stated", image_key("height", 0)),
    Plant("image-size-not-stated", image_key("width", "60")),
    Plant("duplicate-image-id", listed_twice),
    Plant("duplicate-image-id", another_with_the_id),
    Plant("duplicate-file-name", another_id_for_the_name),
    Plant("image-missing", missing_picture),
    Plant("image-missing", folder_for_picture),
    Plant("image-unreadable", picture_bytes(lambda content: content[: len(content) // 2])),
    Plant("image-unreadable", picture_bytes(lambda content: b"")),
    Plant("image-unreadable", picture_bytes(lambda content: b"no picture")),
    Plant("image-of-other-size", resized(30, 20)),
    Plant("image-of-other-size", resized(61, 40)),
    Plant("image-of-other-size", turned(6)),
    Plant("image-of-other-size", turned(5)),
    Plant("image-exif-rotated", turned(3)),
    Plant("image-exif-rotated", turned(8, (HEIGHT, WIDTH))),
    Plant("image-repeated-in-test", picture_of_test),
    Plant("image-repeated", repeated_picture),
    Plant("malformed-category", added_category({"name": "no id"}, None)),
    Plant("malformed-category", added_category({"id": 77}, 77)),
    Plant("malformed-category", added_category(None, None)),
    Plant("duplicate-category-id", added_category({"id": 5, "name": "again"}, 5)),
    Plant("duplicate-category-name", added_category({"id": 90, "name": NAMES[1]}, 90)),
    Plant("categories-renumbered", renumbered),
    Plant("categories-out-of-order", out_of_order),
    Plant("malformed-annotation", without_box_key("bbox")),
    Plant("malformed-annotation", box_key("bbox", [1, 2, 3])),
    Plant("malformed-annotation", box_key("bbox", "5 5 20 12")),
    Plant("malformed-annotation", box_key("bbox", [1, None, 3, 4])),
    Plant("malformed-annotation", without_box_key("image_id")),
    Plant("malformed-annotation", box_key("category_id", "1")),
    Plant("malformed-annotation", box_key("category_id", 10**30)),
    Plant("malformed-annotation", box_key("iscrowd", "no")),
    Plant("malformed-annotation", row_that_is("annotations", None)),
    Plant("annotation-id-not-stated", without_box_key("id")),
    Plant("annotation-id-not-stated", box_key("id", "a7")),
    Plant("duplicate-annotation-id", id_of_the_other),
    Plant("duplicate-annotation-id", id_of_another_image),
    Plant("annotation-without-image", box_key("image_id", 5000)),
    Plant("annotation-without-image", box_key("image_id", -1)),
    Plant("annotation-without-category", box_key("category_id", 50)),
    Plant("box-not-finite", box_key("bbox", [5, NAN, 20, 12])),
    Plant("box-not-finite", box_key("bbox", [5, 5, INFINITY, 12])),
    Plant("box-not-finite", box_key("bbox", [-INFINITY, 5, 20, 12])),
    Plant("box-negative", box_key("bbox", [25, 5, -20, 12])),
    Plant("box-negative", box_key("bbox", [5, 17, 0, -12])),
    Plant("box-without-area", box_key("bbox", [5, 5, 0, 12])),
    Plant("box-without-area", box_key("bbox", [5, 5, 20, 0.0])),
    Plant("box-out-of-bounds", box_key("bbox", [-3, 5, 20, 12])),
    Plant("box-out-of-bounds", box_key("bbox", [45, 35, 20, 12])),
    Plant("box-out-of-bounds", box_key("bbox", [500, 5, 20, 12])),
    Plant("exact-duplicate", again(0)),
    Plant("near-duplicate", again(0.5)),
    Plant("near-duplicate", again(-0.9)),
)
