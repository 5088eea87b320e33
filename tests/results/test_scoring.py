import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from drawn_boxes import SHARED, detections_of, draw, truth_of
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from results.boxes import Detections, FloatArray, Truth, detections_from_coco, truth_from_coco
from results.errors import InputError
from results.rules import Rule, load_rule
from results.scoring import score

CASES = sorted((SHARED / "conformance" / "scoring").glob("case_*.json"))
ROUND1 = load_rule("bottle_round1")
SWITCHED = {
    "default": ROUND1,
    "strict": ROUND1.with_switches(strict=True),
    "coco101": ROUND1.with_switches(ap="coco101"),
}
BOX = [10.0, 10.0, 20.0, 20.0]


@pytest.mark.skipif(not CASES, reason="the conformance cases are not beside the repository")
@pytest.mark.parametrize("switch", SWITCHED)
def test_conformance(tmp_path: Path, switch: str) -> None:
    for case in CASES:
        content = json.loads(case.read_text())
        for part in ("truth", "detections"):
            (tmp_path / part).write_text(json.dumps(content[part]))
        found = score(
            truth_from_coco(tmp_path / "truth"), detections_from_coco(tmp_path / "detections"), SWITCHED[switch]
        )
        expected = content["expected"][switch]
        assert found.score == pytest.approx(expected["score"], abs=1e-12)
        assert {str(id_): ap for id_, ap in found.ap.items()} == pytest.approx(expected["ap"], abs=1e-12)


def pycocotools_precision(truth: Truth, detections: Detections) -> dict[int, FloatArray]:
    """Precision (T, R) by category at 100 detections per class and image."""
    reference = COCO()
    reference.dataset = {
        "images": [{"id": int(id_)} for id_ in truth.images.image_id],
        "categories": [{"id": category.id} for category in truth.categories],
        "annotations": [
            {
                "id": place + 1,
                "image_id": int(truth.image_id[place]),
                "category_id": int(truth.category_id[place]),
                "bbox": truth.boxes_xywh[place].tolist(),
                "area": float(truth.boxes_xywh[place, 2:].prod()),
                "iscrowd": int(truth.is_crowd[place]),
            }
            for place in range(len(truth))
        ],
    }
    reference.createIndex()
    columns = zip(detections.image_id, detections.category_id, detections.boxes_xywh, detections.scores, strict=True)
    rows = [
        {"image_id": int(image), "category_id": int(category), "bbox": box.tolist(), "score": float(value)}
        for image, category, box, value in columns
    ]
    found = reference.loadRes(rows) if rows else nothing_found(reference)
    evaluation = COCOeval(reference, found, "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    return {id_: evaluation.eval["precision"][:, :, place, 0, 2] for place, id_ in enumerate(evaluation.params.catIds)}


def nothing_found(reference: COCO) -> COCO:
    """An empty result, which `loadRes` cannot make."""
    empty = COCO()
    empty.dataset = {**reference.dataset, "annotations": []}
    empty.createIndex()
    return empty


FEW = [pytest.param(first, marks=pytest.mark.slow if first >= 60 else ()) for first in range(0, 500, 20)]


@pytest.mark.parametrize("first_seed", FEW)
def test_parity_with_pycocotools(first_seed: int) -> None:
    for seed in range(first_seed, first_seed + 20):
        # Every tenth set exceeds the cap of 100 a class and image; every fifth has up to 80 classes; some are empty.
        truth, detections = draw(seed, 800 if seed % 10 == 0 else 300, most_classes=80 if seed % 5 == 1 else 7)
        detections = detections.select(detections.scores >= (2 if seed % 97 == 3 else 0))
        with contextlib.redirect_stdout(io.StringIO()):
            precision = pycocotools_precision(truth, detections)
        ten = score(truth, detections, load_rule("coco")).ap
        one = score(truth, detections, load_rule("coco50")).ap
        for id_, expected in precision.items():
            undefined = expected.max() < 0
            assert ten[id_] == (None if undefined else pytest.approx(expected.mean(), abs=1e-12))
            assert one[id_] == (None if undefined else pytest.approx(expected[0].mean(), abs=1e-12))


def voc50(truth: Truth, detections: Detections, strict: bool = False) -> float | None:
    return score(truth, detections, load_rule("voc50").with_switches(strict=strict)).score


def test_perfect_and_missing_detections() -> None:
    assert voc50(truth_of([BOX]), detections_of([BOX], [0.3])) == 1.0
    assert voc50(truth_of([BOX]), Detections.empty()) == 0.0


def test_no_truth_is_undefined_not_zero() -> None:
    result = score(truth_of([]), detections_of([BOX], [0.3]), load_rule("voc50"))
    assert (result.score, result.ap, result.renormalised) == (None, {1: None}, True)
    assert json.loads(result.to_json()) == {"score": None, "ap": {"1": None}}


def test_a_second_detection_of_one_box_is_false() -> None:
    result = voc50(truth_of([BOX, [70, 70, 9, 9]]), detections_of([BOX, BOX, [70, 70, 9, 9]], [0.9, 0.8, 0.7]))
    assert result == pytest.approx((1 + 2 / 3) / 2)


def test_strict_asks_for_more_than_the_requirement() -> None:
    half = [10.0, 10.0, 20.0, 10.0]
    assert voc50(truth_of([BOX]), detections_of([half], [0.5])) == 1.0
    assert voc50(truth_of([BOX]), detections_of([half], [0.5]), strict=True) == 0.0


def test_a_crowd_absorbs_detections_and_is_no_target() -> None:
    truth = truth_of([BOX, [50, 50, 40, 40]], crowd=[False, True])
    inside = [[55.0, 55.0, 5.0, 5.0]] * 3
    assert voc50(truth, detections_of([*inside, BOX], [0.9, 0.9, 0.9, 0.1])) == 1.0


def test_zero_area_and_outside_boxes_match_nothing() -> None:
    boxes = [[10.0, 10.0, 0.0, 0.0], [900.0, 900.0, 20.0, 20.0]]
    assert voc50(truth_of([BOX]), detections_of(boxes, [0.9, 0.8])) == 0.0
    assert voc50(truth_of([[10, 10, 0, 0]]), detections_of([[10, 10, 0, 0]], [0.9])) == 0.0


def test_weights_are_renormalised_over_defined_classes() -> None:
    truth, detections = truth_of([BOX], classes=10), detections_of([BOX], [0.5])
    result = score(truth, detections, ROUND1)
    assert result.renormalised
    assert result.score == 1.0
    assert result.boxes[1] == 1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_refused(bad: float) -> None:
    with pytest.raises(InputError, match="row 1"):
        voc50(truth_of([BOX]), detections_of([BOX, BOX], [0.5, bad]))


def test_an_unknown_image_is_refused_by_its_row() -> None:
    detections = detections_of([BOX, BOX], [0.5, 0.5])
    detections.image_id[1] = 99
    with pytest.raises(InputError, match="row 1: image_id 99"):
        voc50(truth_of([BOX]), detections)


def test_sparse_ids_are_matched_like_dense_ones() -> None:
    truth, detections = draw(12)
    rule: Rule = load_rule("coco")
    dense = score(truth, detections, rule).score
    far = 3_000_000_000
    for column in (truth.images.image_id, truth.image_id, detections.image_id):
        np.multiply(column, far, out=column)
    assert score(truth, detections, rule).score == dense
