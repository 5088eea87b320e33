import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from faster_coco_eval import COCO, COCOeval_faster

from results.boxes import Category, Detections, Images, Truth, truth_from_coco
from results.coco_table import COCO_KEYS, coco_class_rows, coco_numbers

BOTTLES = Path(__file__).parents[3] / "shared/data/bottle_round1/annotations.json"


def _truth(boxes_xywh: list[list[float]], annotation_id: int = 0) -> Truth:
    count = len(boxes_xywh)
    images = Images(np.array([5, 9]), ("a.jpg", "b.jpg"), np.array([500, 500]), np.array([400, 400]))
    return Truth(
        images=images,
        categories=(Category(7, "dent"), Category(2, "scratch")),
        annotation_id=np.full(count, annotation_id, dtype=np.int64),
        image_id=np.full(count, 9, dtype=np.int64),
        category_id=np.full(count, 7, dtype=np.int64),
        boxes_xywh=np.array(boxes_xywh, dtype=np.float64).reshape(-1, 4),
        is_crowd=np.zeros(count, dtype=np.bool_),
    )


def _perfect(truth: Truth) -> Detections:
    return Detections(truth.image_id, truth.category_id, truth.boxes_xywh, np.linspace(0.9, 0.5, len(truth)))


def _reference(truth: Truth, detections: Detections) -> dict[str, float]:
    """The same numbers from another library, annotations renumbered by hand."""
    truth_coco, rows = COCO(), [box.tolist() for box in truth.boxes_xywh]
    truth_coco.dataset = {
        "images": [{"id": int(i), "width": 10**4, "height": 10**4} for i in truth.images.image_id],
        "categories": [{"id": category.id, "name": category.name} for category in truth.categories],
        "annotations": [
            {"id": n + 1, "image_id": int(i), "category_id": int(c), "bbox": b, "area": b[2] * b[3], "iscrowd": int(k)}
            for n, (i, c, b, k) in enumerate(zip(truth.image_id, truth.category_id, rows, truth.is_crowd, strict=True))
        ],
    }
    truth_coco.createIndex()
    columns = zip(*(column.tolist() for column in vars(detections).values()), strict=True)
    keys = ("image_id", "category_id", "bbox", "score")
    results = truth_coco.loadRes([dict(zip(keys, row, strict=True)) for row in columns])
    evaluation = COCOeval_faster(truth_coco, results, "bbox", print_function=lambda *_: None)
    evaluation.run()
    return dict(zip(COCO_KEYS, map(float, evaluation.stats[: len(COCO_KEYS)]), strict=True))


def test_numbers_equal_another_library_on_the_contests_own_annotations(capfd: pytest.CaptureFixture[str]) -> None:
    if not BOTTLES.is_file():
        pytest.skip(f"needs {BOTTLES}")
    truth = truth_from_coco(BOTTLES)
    assert len(np.unique(truth.annotation_id)) < len(truth)
    draw = np.random.default_rng(0)
    moved = truth.boxes_xywh * draw.uniform(0.85, 1.15, truth.boxes_xywh.shape)
    detections = Detections(truth.image_id, truth.category_id, moved, draw.random(len(truth)))
    numbers = coco_numbers(truth, detections)
    assert capfd.readouterr() == ("", "")
    expected = _reference(truth, detections)
    assert numbers == pytest.approx(expected, abs=1e-9)
    assert 0.05 < expected["AP"] < 0.95


@pytest.mark.parametrize("annotation_id", [0, 1, 3])
def test_duplicate_annotation_ids_change_nothing(annotation_id: int) -> None:
    truth = _truth([[0, 0, 10, 10], [50, 50, 40, 40], [200, 200, 150, 150]], annotation_id)
    numbers = coco_numbers(truth, _perfect(truth))
    assert {key: numbers[key] for key in ("AP", "APs", "APm", "APl", "AR100")} == pytest.approx(
        {"AP": 1.0, "APs": 1.0, "APm": 1.0, "APl": 1.0, "AR100": 1.0}
    )


def test_sizes_without_truth_are_undefined_not_negative() -> None:
    truth = _truth([[0, 0, 10, 10]])
    numbers = coco_numbers(truth, _perfect(truth))
    assert numbers["APs"] == pytest.approx(1.0)
    assert numbers["APm"] is numbers["APl"] is numbers["ARm"] is None


def test_without_detections_the_numbers_are_zero() -> None:
    numbers = coco_numbers(_truth([[0, 0, 10, 10]]), Detections.empty())
    assert (numbers["AP"], numbers["AR100"], numbers["APl"]) == (0.0, 0.0, None)


def test_without_truth_every_number_is_undefined() -> None:
    truth = _truth([])
    one = Detections(np.array([9]), np.array([7]), np.array([[0.0, 0.0, 5.0, 5.0]]), np.array([0.5]))
    for detections in (one, Detections.empty()):
        assert coco_numbers(truth, detections) == dict.fromkeys(COCO_KEYS)


def test_detections_that_the_truth_cannot_know_are_left_out_quietly(capfd: pytest.CaptureFixture[str]) -> None:
    truth = _truth([[0, 0, 10, 10]])
    boxes = np.array([[0.0, 0.0, 10.0, 10.0]] * 3)
    strange = Detections(np.array([9, 77, 9]), np.array([7, 7, 99]), boxes, np.array([0.5, 0.9, 0.9]))
    numbers = coco_numbers(truth, strange)
    assert numbers["AP"] == pytest.approx(1.0)
    assert capfd.readouterr() == ("", "")
    assert json.dumps(numbers, allow_nan=False)


def test_boxes_without_area_do_not_disturb() -> None:
    truth = _truth([[0, 0, 10, 10], [20, 20, 0, 5]])
    numbers = coco_numbers(truth, _perfect(truth))
    assert 0.0 < (numbers["AP"] or 0.0) <= 1.0


def test_class_rows_are_joined_by_id_and_average_to_the_numbers() -> None:
    truth = _truth([[0, 0, 10, 10], [50, 50, 40, 40], [200, 200, 150, 150]])
    truth = replace(truth, category_id=np.array([7, 2, 7]), categories=(*truth.categories, Category(4, "dent")))
    found = _perfect(truth).select(np.array([0, 1]))
    rows, numbers = coco_class_rows(truth, found), coco_numbers(truth, found)
    assert rows[2] == pytest.approx({"AP": 1.0, "AP50": 1.0})
    assert rows[4] == {"AP": None, "AP50": None}
    assert rows[7]["AP"] == pytest.approx(51 / 101)
    for key in ("AP", "AP50"):
        assert np.mean([row[key] for row in rows.values() if row[key] is not None]) == pytest.approx(numbers[key])
    assert set(coco_class_rows(_truth([]), found)) == {2, 7}
