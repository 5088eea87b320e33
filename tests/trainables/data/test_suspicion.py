"""Suspicious labels: planted errors come first, under their own names; odd inputs have an answer."""

from dataclasses import replace

import numpy as np
import pytest

from results.boxes import Category, Detections, Images, Truth
from trainables.data.suspicion import MISPLACED, MISSED, UNLABELLED, WRONG_CLASS, Suspicion, suspicions

COUNT = 60


def labels() -> Truth:
    """Sixty images with a label each, of two classes."""
    ids = np.arange(COUNT)
    images = Images(ids, tuple(f"{id_}.png" for id_ in ids), np.full(COUNT, 300), np.full(COUNT, 300))
    boxes = np.tile([100.0, 100.0, 50.0, 50.0], (COUNT, 1))
    return Truth(images, (Category(3, "a"), Category(8, "b")), ids, ids, np.where(ids % 2, 3, 8), boxes, ids < 0)


def seen(truth: Truth) -> Detections:
    """Each label found, a little beside its place, and a weak false alarm in every image."""
    right = Detections(truth.image_id, truth.category_id, truth.boxes_xywh + 2.0, np.linspace(0.7, 0.99, COUNT))
    alarms = np.tile([10.0, 10.0, 20.0, 20.0], (COUNT, 1))
    wrong = Detections(truth.image_id, truth.category_id, alarms, np.linspace(0.05, 0.3, COUNT))
    return Detections.concatenate([right, wrong])


def first(truth: Truth) -> Suspicion:
    found = suspicions(truth, seen(labels()))
    assert found[0].score > 0.3 and all(one.score < 0.1 for one in found[1:])
    return found[0]


def test_sound_labels_are_not_suspicious() -> None:
    assert all(one.score < 0.1 for one in suspicions(labels(), seen(labels())))


def test_a_label_of_something_that_is_not_there() -> None:
    made_up = replace(labels(), boxes_xywh=np.vstack([labels().boxes_xywh[:-1], [200.0, 220.0, 50.0, 50.0]]))
    found = suspicions(made_up, seen(labels()))
    assert {(one.kind, one.truth_row) for one in found[:2]} == {(MISSED, COUNT - 1), (UNLABELLED, None)}
    assert all(one.score < 0.1 for one in found[2:])


def test_a_box_beside_its_place() -> None:
    boxes = labels().boxes_xywh.copy()
    boxes[40] += [25.0, 15.0, 0.0, 0.0]
    found = first(replace(labels(), boxes_xywh=boxes))
    assert (found.kind, found.truth_row, found.detection_row) == (MISPLACED, 40, 40)
    assert found.iou is not None and 0.1 < found.iou < 0.5


def test_a_wrong_class() -> None:
    classes = labels().category_id.copy()
    classes[50] = 3 if classes[50] == 8 else 8
    found = first(replace(labels(), category_id=classes))
    assert (found.kind, found.truth_row, found.detection_row) == (WRONG_CLASS, 50, 50)


def test_what_nobody_labelled() -> None:
    found = first(labels().select(np.arange(COUNT) != 45))
    assert (found.kind, found.truth_row, found.detection_row, found.iou) == (UNLABELLED, None, 45, None)


def test_what_is_seldom_found_is_no_surprise() -> None:
    truth = labels()
    blind = seen(truth).select(~((seen(truth).category_id == 3) & (seen(truth).scores > 0.5)))
    found = suspicions(truth, blind)
    assert max((one.score for one in found if one.truth_row is not None and one.truth_row % 2), default=0) < 0.1


def test_crowds_are_no_labels_and_hide_what_lies_in_them() -> None:
    truth = replace(labels(), is_crowd=np.arange(COUNT) == 45)
    found = suspicions(truth, seen(labels()))
    assert 45 not in {one.truth_row for one in found} | {one.detection_row for one in found if one.score > 0.1}


def test_copies_of_a_detection_are_told_once() -> None:
    less = labels().select(np.arange(COUNT) != 45)
    doubled = Detections.concatenate([seen(labels()), seen(labels()).select(np.array([45]))])
    assert [one.kind for one in suspicions(less, doubled) if one.score > 0.1] == [UNLABELLED]


@pytest.mark.parametrize("rows", [[], [0]])
def test_few_labels_and_no_detections(rows: list[int]) -> None:
    few = labels().select(np.array(rows, dtype=np.int64))
    assert suspicions(few, Detections.empty()) == []
    assert all(0 <= one.score <= 1 for one in suspicions(few, seen(labels())))


def test_boxes_without_area_do_no_harm() -> None:
    flat = replace(labels(), boxes_xywh=labels().boxes_xywh * [1, 1, 0, 1])
    assert all(0 <= one.score <= 1 for one in suspicions(flat, seen(labels())))
