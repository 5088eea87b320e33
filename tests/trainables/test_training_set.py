"""Truth as mmdet's training entries."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from results.boxes import Category, Images, Truth
from trainables.training_set import TruthDataset, training_entries


def truth(boxes: list[list[float]], categories: list[int], crowd: list[bool] | None = None) -> Truth:
    count = len(boxes)
    return Truth(
        images=Images(np.array([7, 9]), ("a.png", "b.png"), np.array([100, 100]), np.array([50, 50])),
        categories=(Category(9, "nine"), Category(2, "two"), Category(0, "background")),
        annotation_id=np.zeros(count, dtype=np.int64),  # all the same, as in the contest's file
        image_id=np.full(count, 7, dtype=np.int64),
        category_id=np.array(categories, dtype=np.int64),
        boxes_xywh=np.array(boxes, dtype=np.float64).reshape(-1, 4),
        is_crowd=np.array(crowd or [False] * count, dtype=bool),
    )


def instances(given: Truth) -> list[dict[str, object]]:
    return training_entries(given, Path("images"), (2, 9))[0]["instances"]


def test_labels_follow_ascending_ids_whatever_the_files_order() -> None:
    found = instances(truth([[1, 1, 5, 5], [2, 2, 5, 5]], [9, 2]))
    assert [one["bbox_label"] for one in found] == [1, 0]
    assert found[0]["bbox"] == [1, 1, 6, 6]


def test_unscored_categories_are_no_objects() -> None:
    assert instances(truth([[1, 1, 5, 5]], [0])) == []


def test_boxes_are_clipped_and_slivers_dropped() -> None:
    found = instances(truth([[90, 40, 50, 50], [99.5, 0, 50, 50], [5, 5, 0, 5], [200, 5, 5, 5]], [2, 2, 2, 2]))
    assert [one["bbox"] for one in found] == [[90, 40, 100, 50]]


def test_crowds_are_marked_and_every_image_has_an_entry() -> None:
    given = truth([[1, 1, 5, 5]], [2], [True])
    assert instances(given)[0]["ignore_flag"] == 1
    assert [entry["img_id"] for entry in training_entries(given, Path("images"), (2, 9))] == [7, 9]


def test_images_that_cannot_be_opened_are_left_out_where_that_is_allowed(tmp_path: Path) -> None:
    rows = [{"id": one, "file_name": f"{one}.png", "width": 9, "height": 9} for one in (1, 2, 3)]
    boxes = [{"id": one, "image_id": one, "category_id": 2, "bbox": [1, 1, 5, 5]} for one in (1, 2, 3)]
    content = {"images": rows, "annotations": boxes, "categories": [{"id": 2, "name": "dent"}]}
    (tmp_path / "train.json").write_text(json.dumps(content))
    for name in ("1.png", "3.png"):
        Image.new("RGB", (9, 9)).save(tmp_path / name)
    (tmp_path / "3.png").write_bytes((tmp_path / "3.png").read_bytes()[:40])
    options = {"ann_file": str(tmp_path / "train.json"), "data_prefix": {"img": str(tmp_path)}, "category_ids": [2]}
    assert len(TruthDataset(**options)) == 3
    assert [TruthDataset(**options, allow_damaged=True).get_data_info(0)["img_id"]] == [1]
    assert len(TruthDataset(**options, allow_damaged=True)) == 1
