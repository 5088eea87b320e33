import numpy as np
import pytest
from drawn_boxes import detections_of, draw, truth_of

from results.boxes import Detections
from results.error_costs import KINDS, error_kinds
from results.errors import InputError

BOX = [10.0, 10.0, 20.0, 20.0]
FAR = [60.0, 60.0, 10.0, 10.0]


def counts(truth: object, detections: Detections) -> dict[str, int]:
    return {name: kind.count for name, kind in error_kinds(truth, detections).items() if kind.count}  # type: ignore[arg-type]


def test_each_kind_by_hand() -> None:
    truth = truth_of([BOX], classes=2)
    assert counts(truth, detections_of([BOX], [0.9])) == {}
    assert counts(truth, detections_of([BOX, BOX], [0.9, 0.8])) == {"duplicate": 1}
    assert counts(truth, detections_of([BOX, FAR], [0.9, 0.8])) == {"background": 1}
    assert counts(truth, Detections.empty()) == {"missed": 1}
    poor = [10.0, 10.0, 20.0, 7.0]
    assert counts(truth, detections_of([poor], [0.9]))["localisation"] == 1
    wrong = detections_of([BOX], [0.9])
    wrong.category_id[:] = 2
    assert counts(truth, wrong)["classification"] == 1


def test_all_kinds_have_finite_costs() -> None:
    truth, detections = draw(4)
    found = error_kinds(truth, detections)
    assert set(found) == set(KINDS.values())
    assert np.isfinite([kind.ap_cost for kind in found.values()]).all()
    assert error_kinds(truth_of([]), detections_of([BOX], [0.5])) == {}


def test_an_iou_must_be_above_background() -> None:
    with pytest.raises(InputError, match=r"above 0\.1"):
        error_kinds(truth_of([BOX]), detections_of([BOX], [0.5]), 0.05)
