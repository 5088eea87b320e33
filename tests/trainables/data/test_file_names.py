import json
from pathlib import Path

import pytest
from PIL import Image

from results.errors import InputErrors
from trainables.data.dataset import check_dataset, load_dataset
from trainables.data.file_names import leaves_folder, missing_remedy

OUTSIDE = [
    "../x.png",
    "/etc/x.png",
    "a/../../x.png",
    "..\\x.png",
    "C:\\x.png",
    "c:x.png",
    "\\\\host\\x.png",
    "a/..\\..\\x",
    "a\0b",
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_names_that_leave_the_folder_by_any_system_s_rules(name: str) -> None:
    assert leaves_folder(name)


@pytest.mark.parametrize(
    "name", ["a.png", "a/b.png", "a/../b.png", "..a.png", "a..", "甲 批/a 1.jpg", "a[1].png", "./a"]
)
def test_names_that_stay(name: str) -> None:
    assert not leaves_folder(name)


def data(folder: Path, split: str, name: str, more: str = "") -> Path:
    """A data set of one picture a split; the picture of `split` lies outside its folder under `name`."""
    (folder / "images").mkdir(exist_ok=True)
    for number, part in enumerate(("train", "val", "test")):
        own = name if part == split else f"{part}.png"
        colours = Image.effect_mandelbrot((20, 20), (-2 + number, -1.5, 1 + number, 1.5), 90)
        colours.convert("RGB").save(folder / "images" / own)
        rows = {
            "images": [{"id": 1, "file_name": own, "width": 20, "height": 20}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [2, 2, 9, 9]}],
            "categories": [{"id": 1, "name": "one"}],
        }
        (folder / f"{part}.json").write_text(json.dumps(rows))
    text = "train: {annotations: train.json, images: images}\nval: {annotations: val.json, images: images}\n"
    (folder / "d.yaml").write_text(text + "test: {image_list: test.json, images: images}\n" + more)
    return folder / "d.yaml"


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_data_set_refuses_such_names_unless_it_says_so(split: str, tmp_path: Path) -> None:
    with pytest.raises(InputErrors, match=f"file_name of {split} must stay inside.*1 of 1.*outside.png.*allow_outside"):
        check_dataset(load_dataset(data(tmp_path, split, "../outside.png")))
    check_dataset(load_dataset(data(tmp_path, split, "../outside.png", "allow_outside: true\n")))


def test_images_that_hold_the_folder_already_are_explained(tmp_path: Path) -> None:
    path = data(tmp_path, "", "")
    for part in ("train", "val", "test"):
        rows = json.loads((tmp_path / f"{part}.json").read_text())
        rows["images"][0]["file_name"] = f"images/{part}.png"
        (tmp_path / f"{part}.json").write_text(json.dumps(rows))
    with pytest.raises(InputErrors, match="the names hold the folder images already"):
        check_dataset(load_dataset(path))
    (tmp_path / "images/sub").mkdir()
    (tmp_path / "images/train.png").rename(tmp_path / "images/sub/train.png")
    assert "in place of" in missing_remedy(["sub\\train.png"], tmp_path / "images", "")


@pytest.mark.parametrize("name", ["a" * 3000 + ".png", "\ud800.png"])
def test_names_that_can_be_no_path_are_missing_files(name: str, tmp_path: Path) -> None:
    path = data(tmp_path, "", "")
    rows = json.loads((tmp_path / "train.json").read_text())
    rows["images"][0]["file_name"] = name
    (tmp_path / "train.json").write_text(json.dumps(rows))
    with pytest.raises(InputErrors, match="every image of train must be on disk; received 1 of 1 missing"):
        check_dataset(load_dataset(path))
