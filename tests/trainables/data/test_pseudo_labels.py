"""Confident detections as rows, joined with real ones, and kept out of validation."""

import json
from pathlib import Path

import numpy as np
import pytest

from results.boxes import Detections, Images
from results.errors import InputError
from trainables.data.annotation_file import AnnotationFile
from trainables.data.joined_sources import Annotated, join_sources
from trainables.data.pseudo_labels import choose_labels, most_labels
from trainables.data.pseudo_rows import pseudo_labels
from trainables.data.pseudo_thresholds import Threshold

IMAGES = Images(np.array([7, 8, 9]), ("七.jpg", "b 8.jpg", "c.jpg"), np.full(3, 100), np.full(3, 80))
FOUND = Detections(
    np.array([7, 7, 8, 8, 9]),
    np.array([1, 1, 1, 2, 2]),
    np.tile([1.004, 2.0, 30.0, 20.0], (5, 1)),
    np.array([0.9, 0.7, 0.8, 0.95, 0.2]),
)
THRESHOLDS = {1: Threshold(0.6, 0.9, 0.85, 20), 2: Threshold(None, None, 0.5, 3)}
CATEGORIES = [{"id": 1, "name": "瓶盖破损"}, {"id": 2, "name": "瓶盖变形"}]


def test_a_class_without_a_threshold_gets_no_label() -> None:
    labels = choose_labels(IMAGES, FOUND, THRESHOLDS, {1: 10, 2: 10})
    assert [row["category_id"] for row in labels.annotations] == [1, 1, 1]
    assert [row["file_name"] for row in labels.images] == ["七.jpg", "b 8.jpg"]
    assert labels.counts[2].confident == 0


def test_labels_are_marked_and_keep_their_score() -> None:
    row = choose_labels(IMAGES, FOUND, THRESHOLDS, {1: 10}).annotations[0]
    assert row == {
        "id": 1,
        "image_id": 7,
        "category_id": 1,
        "bbox": [1.0, 2.0, 30.0, 20.0],
        "area": 600.0,
        "iscrowd": 0,
        "pseudo": True,
        "score": 0.9,
    }


def test_the_cap_keeps_the_best_of_a_class() -> None:
    labels = choose_labels(IMAGES, FOUND, THRESHOLDS, most_labels({1: 5}, 0.5))
    assert sorted(str(row["score"]) for row in labels.annotations) == ["0.8", "0.9"]
    assert (labels.counts[1].confident, labels.counts[1].taken) == (3, 2)


def test_boxes_without_area_are_no_labels() -> None:
    flat = Detections(np.array([7]), np.array([1]), np.array([[1.0, 2.0, 0.0, 5.0]]), np.array([0.9]))
    assert not choose_labels(IMAGES, flat, THRESHOLDS, {1: 5}).annotations


def source(folder: Path, name: str, ids: list[int]) -> Annotated:
    images = [{"id": key, "file_name": f"{name}{key}.jpg", "width": 9, "height": 9} for key in ids]
    boxes = [{"id": 5, "image_id": key, "category_id": 1, "bbox": [0, 0, 3, 3]} for key in ids]
    return Annotated(AnnotationFile(folder, images, boxes, CATEGORIES, {"info": "kept"}), folder)


def test_joined_sources_keep_real_ids_and_name_files_from_a_common_folder(tmp_path: Path) -> None:
    joined = join_sources(source(tmp_path / "训练", "a", [1, 4]), source(tmp_path / "test", "b", [1, 2]))
    assert joined.images == tmp_path
    assert [row["id"] for row in joined.file.images] == [1, 4, 5, 6]
    assert [row["file_name"] for row in joined.file.images] == [
        "训练/a1.jpg",
        "训练/a4.jpg",
        "test/b1.jpg",
        "test/b2.jpg",
    ]
    assert [(row["id"], row["image_id"]) for row in joined.file.annotations] == [(5, 1), (5, 4), (6, 5), (7, 6)]
    assert joined.file.others == {"info": "kept"}


def test_an_image_in_both_sources_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="share no image"):
        join_sources(source(tmp_path, "a", [1, 2]), source(tmp_path, "a", [2]))


@pytest.mark.parametrize("mark", [True, False])
def test_marked_rows_are_counted(tmp_path: Path, mark: bool) -> None:
    rows = [{"id": 1, "pseudo": mark}, {"id": 2}]
    path = tmp_path / "val.json"
    path.write_text(json.dumps({"annotations": rows}))
    assert pseudo_labels(path) == int(mark)
