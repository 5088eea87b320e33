"""`prepare labels convert`: round trips of real files, ids and names kept, with the sidecar and without."""

import json
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from results.errors import InputError
from trainables.data.annotation_file import read_annotation_file
from trainables.data.label_conversion import FORMS, read_labels, write_labels
from trainables.data.label_folders import read_folder
from trainables.data.label_rows import labelled_images
from trainables.data.prepare import main

SHARED = Path("../shared/data")
REAL, NEU = SHARED / "bottle_round1/annotations.json", SHARED / "neu_det"
needs_real = pytest.mark.skipif(not REAL.is_file(), reason="../shared/data is not there")
FOLDERS = ("voc", "yolo", "labelme")
MADE: dict[str, Any] = {
    "info": {"von": "ü"},
    "images": [
        {"id": 40, "file_name": "甲 批/a 1.jpg", "width": 200, "height": 100, "license": 3},
        {"id": 7, "file_name": "b.png", "width": 33, "height": 77},
    ],
    "annotations": [
        {"id": 5, "image_id": 40, "category_id": 9, "bbox": [1.25, 2, 30.1, 40], "iscrowd": 1, "note": "ü"},
        {"id": 5, "image_id": 40, "category_id": 0, "bbox": [1.25, 2, 30.1, 40], "iscrowd": 0, "area": 1204.0},
        {"id": 6, "image_id": 40, "category_id": 9, "bbox": [0, 0, 0, 0]},
    ],
    "categories": [{"id": 9, "name": "喷码 正常", "supercategory": "x"}, {"id": 0, "name": "背景"}],
}


def made(folder: Path) -> Path:
    path = folder / "标注.json"
    path.write_text(json.dumps(MADE), encoding="utf-8")
    return path


@needs_real
@pytest.mark.parametrize("kind", FOLDERS)
def test_the_real_file_comes_back_whole_and_its_boxes_from_labels_alone(kind: Any, tmp_path: Path) -> None:
    annotations, labels = read_annotation_file(REAL), tmp_path / "labels"
    write_labels(labels, kind, annotations, "edges")
    write_labels(tmp_path / "again.json", "coco", read_labels(labels, kind, "edges"), "edges")
    assert json.loads((tmp_path / "again.json").read_bytes()) == json.loads(REAL.read_bytes())
    (labels / "labels_sidecar.json").unlink()
    read = {one.file_name: one for one in read_folder(labels, kind, "edges", annotations).images}
    pairs = [
        (before, after)
        for image in labelled_images(annotations, kind)
        for before, after in zip(image.boxes, read[image.file_name].boxes, strict=True)
    ]
    assert len(pairs) == 6945 and all(before.name == after.name for before, after in pairs)
    np.testing.assert_allclose(*np.array([[one.xywh, other.xywh] for one, other in pairs]).swapaxes(0, 1), atol=0.01)


@needs_real
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_the_voc_sample_is_what_the_json_says(ends: str, tmp_path: Path) -> None:
    for file in (NEU / "voc_sample").glob("*.xml"):
        (tmp_path / file.name).write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", ends.encode()))
    rows = [
        image
        for name in ("train", "val")
        for image in labelled_images(read_annotation_file(NEU / f"{name}.json"), "voc")
    ]
    known = {image.file_name: image for image in rows}
    read = read_folder(tmp_path, "voc", "edges").images
    assert len(read) == 20
    for image in read:
        if image.file_name in known:
            assert [(box.name, box.xywh) for box in image.boxes] == [
                (b.name, b.xywh) for b in known[image.file_name].boxes
            ]


@needs_real
@pytest.mark.parametrize("form", FOLDERS)
def test_the_voc_sample_survives_every_other_form(form: Any, tmp_path: Path) -> None:
    sample = read_labels(NEU / "voc_sample", "voc", "edges")
    write_labels(tmp_path / "there", form, sample, "edges")
    write_labels(tmp_path / "back", "voc", read_labels(tmp_path / "there", form, "edges"), "edges")
    before, after = (read_folder(folder, "voc", "edges").images for folder in (NEU / "voc_sample", tmp_path / "back"))
    for one, other in zip(before, after, strict=True):
        assert [box.name for box in one.boxes] == [box.name for box in other.boxes]
        assert [box.extras for box in one.boxes] == [box.extras for box in other.boxes]
        assert [box.xywh for box in other.boxes] == [box.xywh for box in one.boxes]


@pytest.mark.parametrize(("first", "second"), [*permutations(FORMS, 2)])
def test_every_pair_of_forms_keeps_everything(first: Any, second: Any, tmp_path: Path) -> None:
    source, forms = made(tmp_path), ["coco", first, second, "coco"]
    for number, (form, next_form) in enumerate(pairwise(forms)):
        if form == next_form:
            continue
        target = tmp_path / (f"第 {number}.json" if next_form == "coco" else f"第 {number}")
        assert main(["labels", "convert", str(source), str(target), "--from", form, "--to", next_form]) == 0
        source = target
    assert json.loads(source.read_bytes()) == MADE


@pytest.mark.parametrize(("kind", "ids"), [("voc", [1, 2]), ("labelme", [1, 2]), ("yolo", [0, 1])])
def test_without_a_sidecar_ids_come_from_a_file_or_the_format(kind: Any, ids: list[int], tmp_path: Path) -> None:
    source, target = made(tmp_path), tmp_path / "labels"
    write_labels(target, kind, read_annotation_file(source), "edges")
    (target / "labels_sidecar.json").unlink()
    for name, size in (("甲 批/a 1.jpg", (200, 100)), ("b.png", (33, 77))):
        (tmp_path / "pictures" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", size).save(tmp_path / "pictures" / name)
    alone = read_labels(target, kind, "edges", pictures=tmp_path / "pictures")
    assert [row["id"] for row in alone.categories] == ids
    helped = read_labels(target, kind, "edges", categories=source)
    assert [(row["category_id"], row["image_id"]) for row in helped.annotations].count((9, 2)) == 2
    assert [row["file_name"] for row in helped.images] == ["b.png", "甲 批/a 1.jpg"]


def test_yolo_takes_sizes_from_the_pictures(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/a.txt").write_text("1 .5 .5 .5 .5\n")
    (tmp_path / "labels/data.yaml").write_text("names: {0: x, 1: y}\n")
    with pytest.raises(InputError, match="--images"):
        read_labels(tmp_path / "labels", "yolo", "edges")
    Image.new("RGB", (40, 20)).save(tmp_path / "a.png")
    read = read_labels(tmp_path / "labels", "yolo", "edges", pictures=tmp_path)
    assert read.images[0]["file_name"] == "a.png"
    assert (read.annotations[0]["category_id"], read.annotations[0]["bbox"]) == (1, [10, 5, 20, 10])


def test_nothing_is_overwritten_or_half_written(tmp_path: Path) -> None:
    annotations = read_annotation_file(made(tmp_path))
    write_labels(tmp_path / "labels", "voc", annotations, "edges")
    with pytest.raises(InputError, match="new folder"):
        write_labels(tmp_path / "labels", "yolo", annotations, "edges")
    bad = annotations.with_rows([{**annotations.images[0], "width": None}], [])
    with pytest.raises(InputError, match="size"):
        write_labels(tmp_path / "yolo", "yolo", bad, "edges")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels", "标注.json"]


@pytest.mark.parametrize(
    ("table", "row", "why"),
    [
        ("images", {"id": 8, "file_name": "b.jpg"}, "label files of their own"),
        ("images", {"id": 7, "file_name": "c.jpg"}, "image ids are distinct"),
        ("images", {"id": 8, "file_name": "../c.jpg"}, "below its folder"),
        ("categories", {"id": 3, "name": "背景"}, "class names are distinct"),
        ("annotations", {"id": 1, "image_id": 9, "category_id": 9, "bbox": [0, 0, 1, 1]}, "known images"),
        ("annotations", {"id": 1, "image_id": 7, "category_id": 8, "bbox": [0, 0, 1, 1]}, "known classes"),
        ("annotations", {"id": 1, "image_id": 7, "category_id": 9, "bbox": [0, 0, float("nan"), 1]}, "finite"),
    ],
)
def test_rows_that_labels_cannot_carry_are_refused(table: str, row: dict[str, Any], why: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({**MADE, table: [*MADE[table], row]}))
    with pytest.raises(InputError, match=why):
        read_labels(path, "coco", "edges")
