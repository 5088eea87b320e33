"""What a search says of rows and pictures before it trains: the same faults that `check` finds, all at once."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from orchestrator.settings import CheckedData
from results.commands import run_command
from results.errors import InputErrors
from results.rules import load_rule
from trainables.catalogue import DETECTORS
from trainables.data.dataset import check_dataset, load_dataset, load_truth
from trainables.data.opened_pictures import opened_pictures
from trainables.data.prepare import main
from trainables.effective import effective_config, training_data

WIDTH, HEIGHT = 60, 40
Rows = dict[str, list[dict[str, Any]]]
Box = Sequence[float]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Train, val and test of six, four and two pictures, with two boxes on each of the first two."""
    (tmp_path / "images").mkdir()
    sources = "".join(f"{split}: {{annotations: {split}.json, images: images}}\n" for split in ("train", "val"))
    (tmp_path / "data.yaml").write_text(f"{sources}test: {{image_list: test.json, images: images}}\nrule: coco50\n")
    for split, count in (("train", 6), ("val", 4), ("test", 2)):
        write(tmp_path, split, rows_of(tmp_path, split, count))
    return tmp_path


def rows_of(folder: Path, split: str, count: int) -> Rows:
    noise = np.random.default_rng(list(split.encode()))
    images, boxes = [], []
    for number in range(count):
        name = f"{split}_{number}.png"
        Image.fromarray(noise.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)).save(folder / "images" / name)
        images.append({"id": number, "file_name": name, "width": WIDTH, "height": HEIGHT})
        for box in ([5, 5, 20, 12], [30, 10, 15, 20]):
            ids = {"id": len(boxes) + 1, "image_id": number, "category_id": 1 + number % 2}
            boxes.append({**ids, "bbox": box, "area": box[2] * box[3], "iscrowd": 0})
    categories = [{"id": 1, "name": "scratch"}, {"id": 2, "name": "dent"}]
    return {"images": images, "annotations": boxes, "categories": categories}


def write(folder: Path, split: str, rows: Rows) -> None:
    (folder / f"{split}.json").write_text(json.dumps(rows))


def edit(folder: Path, split: str, change: Callable[[dict[str, Any]], Any], table: str = "annotations") -> None:
    rows = json.loads((folder / f"{split}.json").read_text())
    for row in rows[table]:
        change(row)
    write(folder, split, rows)


def refusal(folder: Path) -> str:
    with pytest.raises(InputErrors) as caught:
        check_dataset(load_dataset(folder / "data.yaml"))
    lines = caught.value.line()
    assert all(len(line) <= 300 for line in lines.splitlines())
    return lines


def notices(folder: Path) -> str:
    return "\n".join(check_dataset(load_dataset(folder / "data.yaml")).notices)


def allow_damaged(folder: Path) -> None:
    with (folder / "data.yaml").open("a") as file:
        file.write("allow_damaged: true\n")


def picture(folder: Path, name: str) -> Path:
    return folder / "images" / name


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _content: b"",
    "html": lambda _content: b"<!doctype html><title>404</title>",
    "cut": lambda content: content[: len(content) * 2 // 3],
    "zeros": lambda content: content[:60] + bytes(len(content) - 60),
}


def test_a_sound_data_set_says_nothing(folder: Path) -> None:
    assert notices(folder) == ""


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_damaged_image_of_any_split_is_named(folder: Path, split: str, damage: str) -> None:
    path = picture(folder, f"{split}_1.png")
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    assert f"every image of {split} must decode; received 1 of" in refusal(folder)
    assert f"{split}_1.png (" in refusal(folder)


def test_all_damaged_and_missing_images_are_said_at_once(folder: Path) -> None:
    for name in ("train_0", "train_1", "train_2", "train_3", "val_0"):
        picture(folder, f"{name}.png").write_bytes(b"<html>")
    for name in ("train_4", "test_0"):
        picture(folder, f"{name}.png").unlink()
    lines = refusal(folder).splitlines()
    assert len(lines) == 4
    assert "1 of 6 missing" in lines[0] and "4 of 6 that cannot" in lines[1] and "and 1 more" in lines[1]
    assert "1 of 4 that cannot" in lines[2] and "1 of 2 missing" in lines[3]


def test_damaged_images_are_left_out_where_they_are_allowed(folder: Path) -> None:
    picture(folder, "train_1.png").write_bytes(b"<html>")
    picture(folder, "val_3.png").unlink()
    allow_damaged(folder)
    dataset = load_dataset(folder / "data.yaml")
    summary = check_dataset(dataset)
    assert (summary.train.images, summary.train.boxes, summary.val.images) == (5, 10, 3)
    assert dict(summary.damaged) == {"train": 1, "val": 1}
    assert "train: 1 of 6 images cannot be opened and are left out (allow_damaged): train_1.png" in summary.notices
    assert len(load_truth(dataset, dataset.train).images) == 5 and len(load_truth(dataset, dataset.val)) == 6


def test_nothing_is_left_where_all_are_damaged(folder: Path) -> None:
    for number in range(6):
        picture(folder, f"train_{number}.png").write_bytes(b"")
    allow_damaged(folder)
    assert "train must hold a box to learn from; received 0 images with 0 boxes" in refusal(folder)


def test_opened_pictures_are_remembered_until_a_file_changes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("trainables.data.opened_pictures._WORTH_KEEPING", 1)
    monkeypatch.setattr("trainables.data.opened_pictures._SETTLED_NS", -(10**18))
    reads = __import__("trainables.data.picture_files").data.picture_files.read_pictures
    monkeypatch.setattr(
        "trainables.data.opened_pictures.read_pictures", lambda at, names: opened.extend(names) or reads(at, names)
    )
    names = ["val_0.png", "val_1.png", "absent.png"]
    first = opened_pictures(folder / "images", names, cache_root=folder / "cache")
    assert opened_pictures(folder / "images", names, cache_root=folder / "cache") == first
    picture(folder, "val_1.png").write_bytes(b"")
    assert opened_pictures(folder / "images", names, cache_root=folder / "cache")[1].fault == "an empty file"
    assert opened == [*names, "absent.png", "val_1.png", "absent.png"]


def test_a_file_written_a_moment_ago_is_not_remembered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainables.data.opened_pictures._WORTH_KEEPING", 1)
    opened_pictures(folder / "images", ["val_0.png"], cache_root=folder / "cache")
    assert not (folder / "cache").exists()


def turn(path: Path, orientation: int) -> None:
    with Image.open(path) as image:
        exif = image.getexif()
        exif[ExifTags.Base.Orientation] = orientation
        image.save(path, exif=exif)


def test_a_size_that_exif_explains_is_refused(folder: Path) -> None:
    turn(picture(folder, "val_2.png"), 6)
    line = refusal(folder)
    assert "images of val must have the size that val.json states; received 1 differ, first val_2.png" in line
    assert "40x60" in line


def test_scaled_pictures_are_refused(folder: Path) -> None:
    for number in range(6):
        with Image.open(picture(folder, f"train_{number}.png")) as image:
            image.resize((30, 20)).save(picture(folder, f"train_{number}.png"))
    assert "images of train must have the size that train.json states; received 6 differ" in refusal(folder)


def test_a_picture_that_exif_turns_with_the_right_size_is_a_notice(folder: Path) -> None:
    turn(picture(folder, "train_2.png"), 3)
    assert "train: EXIF turns 1 images" in notices(folder)


def test_test_images_of_another_size_are_a_notice(folder: Path) -> None:
    edit(folder, "test", lambda row: row.update(width=61), "images")
    assert "test: 2 images have another size than the list states" in notices(folder)


def test_a_size_that_is_not_stated_is_refused(folder: Path) -> None:
    edit(folder, "val", lambda row: row.update(width=0), "images")
    assert "images of val must state a width and a height above 0" in refusal(folder)


def corners(row: dict[str, Any]) -> None:
    x, y, w, h = row["bbox"]
    row["bbox"] = [x, y, x + w, y + h]


def shares(row: dict[str, Any]) -> None:
    x, y, w, h = row["bbox"]
    row["bbox"] = [x / WIDTH, y / HEIGHT, w / WIDTH, h / HEIGHT]


def beyond(row: dict[str, Any]) -> None:
    row["bbox"][0] += 40 if row["id"] % 5 == 0 else 0


WHOLE = {
    "boxes-as-corners": (corners, "12 of 12 boxes, which look like two corners"),
    "boxes-as-shares": (shares, "12 of 12 boxes, which lie in 0 to 1"),
    "box-out-of-bounds": (beyond, "2 of 12 leave it by more than a pixel"),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_boxes_in_another_frame_are_refused_by_search_and_check(
    folder: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change, said = WHOLE[kind]
    edit(folder, "train", change)
    assert said in refusal(folder)
    assert run_command(main, ["check", str(folder / "train.json")]) == 2
    assert kind in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["boxes-as-corners", "boxes-as-shares"])
def test_a_frame_that_nobody_knows_is_not_guessed_by_a_fix(folder: Path, kind: str) -> None:
    edit(folder, "train", WHOLE[kind][0])
    assert run_command(main, ["check", str(folder / "train.json"), "--fix", str(folder / "fixed.json")]) == 2
    assert not (folder / "fixed.json").exists()


def test_corners_are_known_by_their_areas_where_all_fit(folder: Path) -> None:
    def near_the_corner(row: dict[str, Any]) -> None:
        row.update(bbox=[2, 3, 22, 18], area=20 * 15)

    edit(folder, "val", near_the_corner)
    assert "8 of 8 boxes, which look like two corners" in refusal(folder)
    edit(folder, "val", lambda row: row.update(area=22 * 18))
    assert notices(folder) == ""


def test_a_few_boxes_beyond_are_a_notice(folder: Path) -> None:
    edit(folder, "train", lambda row: row["bbox"].__setitem__(2, 90) if row["id"] == 3 else None)
    edit(folder, "val", lambda row: row["bbox"].__setitem__(2, 55.5) if row["id"] % 2 else None)
    assert "train: 1 of 12 boxes leave their image" in notices(folder)
    assert "val: 4 of 8 boxes leave their image" in notices(folder)


def test_slips_that_readers_take_are_counted(folder: Path) -> None:
    edit(folder, "val", lambda row: row.update(id=1))
    edit(folder, "train", lambda row: row["bbox"].__setitem__(2, 0) if row["id"] == 3 else None)
    assert "val: 7 duplicate-annotation-id (prepare check names them)" in notices(folder)
    assert "train: 1 box-without-area (prepare check names them)" in notices(folder)


NOTHING = {
    "crowd": (lambda row: row.update(iscrowd=1), "12 crowd regions"),
    "tiny": (lambda row: row.update(bbox=[5, 5, 0.5, 12]), "12 less than a pixel inside their image"),
}


@pytest.mark.parametrize("reason", NOTHING)
def test_nothing_to_learn_is_said_in_those_words(folder: Path, reason: str) -> None:
    change, said = NOTHING[reason]
    edit(folder, "train", change)
    assert f"train must hold a box to learn from; received 6 images with 12 boxes: {said}" in refusal(folder)


def test_nothing_to_score_is_said_in_those_words(folder: Path) -> None:
    edit(folder, "val", lambda row: row.update(iscrowd=True))
    assert "val must hold a box to score; received 4 images with 8 boxes: all crowd regions" in refusal(folder)


def test_classes_of_which_nothing_can_be_learnt_are_a_notice(folder: Path) -> None:
    edit(folder, "train", lambda row: row.update(iscrowd=int(row["category_id"] == 2)))
    edit(folder, "val", lambda row: row.update(iscrowd=int(row["category_id"] == 1)))
    assert "train has only crowd regions or boxes of less than a pixel of dent: it cannot be learned" in notices(folder)
    assert "val has only crowd regions of scratch: it has no AP there" in notices(folder)


def test_trials_leave_out_the_same_images(folder: Path) -> None:
    picture(folder, "train_1.png").write_bytes(b"<html>")
    allow_damaged(folder)
    dataset = load_dataset(folder / "data.yaml")
    data = training_data(dataset, load_truth(dataset, dataset.train).categories, load_rule("coco50"))
    defaults = {name: one.default for name, one in DETECTORS["fcos"].train.items()}
    loader: Any = effective_config("fcos", defaults, data, seed=1)["train_dataloader"]
    assert loader["dataset"]["allow_damaged"] is True
    strict: Any = effective_config("fcos", defaults, replace(data, allow_damaged=False), seed=1)["train_dataloader"]
    assert "allow_damaged" not in strict["dataset"]  # no hash of other data sets changes


def test_what_is_allowed_is_on_record(folder: Path) -> None:
    picture(folder, "val_1.png").unlink()
    allow_damaged(folder)
    dataset = load_dataset(folder / "data.yaml")
    assert CheckedData(dataset, check_dataset(dataset)).record()["damaged"] == {"val": 1}
