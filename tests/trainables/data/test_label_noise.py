"""Faulty labels: as many as asked for, each one on the list, nothing else changed."""

from collections import Counter

import numpy as np

from trainables.data.label_noise import NoiseShares, with_noise

IMAGES = [{"id": image, "width": 100, "height": 80} for image in range(20)]
ROWS = [
    {
        "id": place,
        "image_id": place % 20,
        "category_id": 1 + place % 3,
        "bbox": [60.0, 50.0, 40.0, 30.0],
        "area": 1200.0,
    }
    for place in range(200)
]
CONTENT = {"images": IMAGES, "annotations": ROWS}


def test_the_list_says_what_was_done() -> None:
    noisy = with_noise(CONTENT, ((1, 2),), np.random.default_rng(0), NoiseShares(0.1, 0.05, 0.0))
    kinds = Counter(str(change["kind"]) for change in noisy.changes)
    assert kinds == {"shifted": 20, "missing": 10}
    assert len(noisy.annotations) == 190
    after = {row["id"]: row for row in noisy.annotations}
    changed = {change["annotation_id"]: change for change in noisy.changes}
    for row in ROWS:
        change = changed.get(row["id"])
        assert after.get(row["id"]) == row if change is None else after.get(row["id"]) != row


def test_classes_are_confused_within_their_group_alone() -> None:
    noisy = with_noise(CONTENT, ((1, 2),), np.random.default_rng(1), NoiseShares(0, 0, 1))
    assert {row["category_id"] for row in noisy.annotations} == {1, 2, 3}
    for change in noisy.changes:
        before, after = change["before"], change["after"]
        assert isinstance(before, dict)
        assert isinstance(after, dict)
        assert {before["category_id"], after["category_id"]} == {1, 2}


def test_shifted_boxes_stay_inside_their_image() -> None:
    noisy = with_noise(CONTENT, (), np.random.default_rng(2), NoiseShares(1, 0, 0))
    boxes = np.array([row["bbox"] for row in noisy.annotations], np.float64)
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, :2] + boxes[:, 2:] <= [100.01, 80.01]).all()
    assert (boxes[:, 2:] >= 1).all()


def test_without_annotations_nothing_happens() -> None:
    assert with_noise({"images": [], "annotations": []}, (), np.random.default_rng(3)).changes == ()
