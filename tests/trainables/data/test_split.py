"""Splits: shares, groups, equal files for equal seeds, and what is written beside them."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from pictures import scene, write_coco, write_picture

from results.boxes import truth_from_coco
from results.commands import run_command
from results.groups import group_name
from trainables.data.annotation_file import AnnotationFile, read_annotation_file
from trainables.data.dataset import check_dataset, load_dataset
from trainables.data.prepare import main
from trainables.data.split_groups import together
from trainables.data.split_plan import BREAKS_PX, boxes_of_file, planned_parts
from trainables.data.stratify import stratified_parts

REAL = Path(__file__).parents[4] / "shared" / "data" / "bottle_round1" / "annotations.json"
GROUPS = r"imgs_(\d+)_"


def write_many(path: Path, seed: int = 0, groups: int = 120) -> Path:
    """Five frames a group, up to three boxes a frame, of four classes; unknown fields in the rows."""
    rng = np.random.default_rng(seed)
    names = [f"imgs_{group}_{frame}.jpg" for group in range(groups) for frame in range(5)]
    images = [
        {"id": 7 * row, "file_name": name, "width": 900, "height": 900, "kept": row} for row, name in enumerate(names)
    ]
    counts, boxes = rng.integers(0, 4, len(names)), []
    for row in np.repeat(np.arange(len(names)), counts).tolist():
        side = float(rng.choice([20, 80, 300, 500]))
        box = {
            "id": 3,
            "image_id": 7 * row,
            "bbox": [1.0, 1.0, side, side + 1],
            "area": side,
            "note": f"盖{len(boxes)}",
        }
        boxes.append({**box, "category_id": int(rng.choice([9, 2, 5, 4], p=[0.6, 0.2, 0.15, 0.05])), "iscrowd": 0})
    categories = [{"id": key, "name": f"类{key}"} for key in (9, 2, 5, 4)]
    content = {"info": {"by": "us"}, "images": images, "annotations": boxes, "categories": categories}
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def split(annotations: Path, out: Path, *more: str) -> int:
    return run_command(main, ["split", str(annotations), "--out", str(out), *more])


def shares_of_classes(path: Path, out: Path) -> dict[int, float]:
    """The share of val in each class."""
    whole, val = (truth_from_coco(file).category_id for file in (path, out / "val.json"))
    return {key: float((val == key).sum() / (whole == key).sum()) for key in np.unique(whole).tolist()}


def test_no_group_straddles_and_shares_hold_over_seeds(tmp_path: Path) -> None:
    content = read_annotation_file(write_many(tmp_path / "all.json"))
    names, found = [str(row["file_name"]) for row in content.images], boxes_of_file(content)
    groups = together(names, GROUPS, (), np.zeros((0, 2), np.int64))
    total = np.bincount(found.category_id)
    for seed in range(50):
        part_of = planned_parts(found, groups, np.array([0.9, 0.1]), BREAKS_PX, seed)
        sides = {(group_name(GROUPS, name), part) for name, part in zip(names, part_of.tolist(), strict=True)}
        assert len(sides) == 120
        in_val = np.bincount(found.category_id[part_of[found.image_row] == 1], minlength=len(total))
        assert np.abs(in_val[total > 0] / total[total > 0] - 0.1).max() <= 0.02


@pytest.mark.skipif(not REAL.is_file(), reason=f"{REAL} is not there")
def test_shares_hold_on_the_real_file_over_seeds() -> None:
    found = boxes_of_file(without_background(read_annotation_file(REAL)))
    groups, total = np.arange(found.image_count), np.bincount(found.category_id)[1:]
    for seed in range(10):
        part_of = planned_parts(found, groups, np.array([0.9, 0.1]), BREAKS_PX, seed)
        in_val = np.bincount(found.category_id[part_of[found.image_row] == 1], minlength=11)[1:]
        assert np.abs(in_val / total - 0.1).max() <= 0.005
        assert abs((part_of == 1).mean() - 0.1) <= 0.005


def without_background(content: AnnotationFile) -> AnnotationFile:
    boxes = [row for row in content.annotations if row["category_id"] != 0]
    kept = {row["image_id"] for row in boxes}
    return content.with_rows([row for row in content.images if row["id"] in kept], boxes)


def test_equal_seeds_give_equal_files_and_others_do_not(tmp_path: Path) -> None:
    path = write_many(tmp_path / "all.json")
    for folder, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        assert split(path, tmp_path / folder, "--seed", seed) == 0
    files = ("train.json", "val.json", "split.json")
    first, second, third = ([(tmp_path / folder / name).read_bytes() for name in files] for folder in "abc")
    assert first == second
    assert all(one != other for one, other in zip(first, third, strict=True))


def test_rows_pass_through_whole_and_each_goes_to_one_side(tmp_path: Path) -> None:
    path = write_many(tmp_path / "all.json")
    assert split(path, tmp_path / "out", "--group-by", GROUPS) == 0
    whole, *parts = (
        read_annotation_file(file) for file in (path, *(tmp_path / "out" / f"{s}.json" for s in ("train", "val")))
    )
    for table in ("images", "annotations"):
        rows = [row for part in parts for row in getattr(part, table)]
        assert sorted(map(str, rows)) == sorted(map(str, getattr(whole, table)))
    assert all(part.categories == whole.categories and part.others == {"info": {"by": "us"}} for part in parts)


def test_folds_hold_each_image_once(tmp_path: Path) -> None:
    path = write_many(tmp_path / "all.json")
    assert split(path, tmp_path / "out", "--folds", "4", "--group-by", GROUPS) == 0
    held = [
        truth_from_coco(tmp_path / "out" / f"fold_{fold}" / "val.json").images.image_id.tolist() for fold in range(4)
    ]
    assert sorted(row for rows in held for row in rows) == sorted(truth_from_coco(path).images.image_id.tolist())
    assert max(abs(share - 0.25) for share in shares_of_classes(path, tmp_path / "out" / "fold_2").values()) <= 0.02


def test_with_images_a_search_can_start_on_it(tmp_path: Path) -> None:
    names = [f"图 {row}.png" for row in range(12)]
    for row, name in enumerate(names):
        write_picture(tmp_path / "图" / name, scene(row))
    write_picture(tmp_path / "图" / "copy.jpg", scene(5), quality=60)
    write_coco(tmp_path / "all.json", [*names, "copy.jpg"])
    folder = tmp_path / "out"
    assert (
        split(tmp_path / "all.json", folder, "--ratio", "2:1", "--images", str(tmp_path / "图"), "--rule", "coco50")
        == 0
    )
    dataset = load_dataset(folder / "dataset.yaml")
    assert check_dataset(dataset).train.images + check_dataset(dataset).val.images == 13
    assert dataset.rule == "coco50"
    parts = json.loads((folder / "split.json").read_text(encoding="utf-8"))["parts"]
    sides = {name: side for side in parts for name in parts[side]["fingerprints"]["file_names"]}
    assert sides["copy.jpg"] == sides["图 5.png"]


def test_few_boxes_are_said_and_refused_on_demand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_many(tmp_path / "all.json")
    assert split(path, tmp_path / "out") == 0
    screen = capsys.readouterr().out
    assert "fewest boxes of a class in val: 4 (4 类4)" in screen
    assert "differences of an AP point are noise" in screen
    assert split(path, tmp_path / "no", "--min-boxes", "20") == 2
    assert "of class 4" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


def test_json_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert split(write_many(tmp_path / "all.json"), tmp_path / "out", "--json") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    parts = json.loads(lines[0])["splits"][0]
    assert parts["train"]["images"] + parts["val"]["images"] == 600


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (("--ratio", "9"), "--ratio is two positive numbers"),
        (("--ratio", "1:nan"), "--ratio is two positive numbers"),
        (("--folds", "1"), "--folds is 2 or more"),
        (("--folds", "9999"), "every part gets a group"),
        (("--group-by", "("), "--group-by is a regular expression"),
        (("--group-by", "nobody"), "--group-by matches file names"),
        (("--seed", "-1"), "--seed is 0 or more"),
    ],
)
def test_wrong_options_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: Sequence[str], word: str
) -> None:
    assert split(write_many(tmp_path / "all.json", groups=2), tmp_path / "out", *more) == 2
    error = capsys.readouterr().err
    assert word in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_files_of_somebody_else_are_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_many(tmp_path / "train.json")
    assert split(path, tmp_path) == 2
    assert "replaces nothing but an earlier split" in capsys.readouterr().err


@pytest.mark.parametrize(("table", "change"), [("annotations", {"image_id": 5}), ("images", {"id": 7})])
def test_orphans_and_repeated_images_are_refused(tmp_path: Path, table: str, change: dict[str, int]) -> None:
    path = write_many(tmp_path / "all.json", groups=2)
    content = json.loads(path.read_text(encoding="utf-8"))
    content[table][0].update(change)
    path.write_text(json.dumps(content), encoding="utf-8")
    assert split(path, tmp_path / "out") == 2


def test_names_contents_copies_and_expressions_all_keep_images_together() -> None:
    names = ["a_1", "a_2", "b_1", "b_1", "c", "d", "e"]
    found = together(names, r"(a)_", ["1", "2", "3", "3", "4", "4", "6"], np.array([[5, 6]]))
    assert found.tolist() == [0, 0, 1, 1, 2, 2, 2]


def test_no_part_is_left_empty() -> None:
    counts = np.ones((3, 1), np.int64)
    parts = stratified_parts(counts, np.array([0.98, 0.01, 0.01]), np.ones(1), 0)
    assert sorted(parts.tolist()) == [0, 1, 2]
