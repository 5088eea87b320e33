import numpy as np
import pytest
from drawn_boxes import detections_of, truth_of

from results.boxes import Detections
from results.errors import InputError
from results.rules import load_rule
from results.scoring import score
from results.sound_rows import NEGATIVE, NOT_FINITE, UNKNOWN_CATEGORY, UNKNOWN_IMAGE, sound_rows

BOX = [10.0, 10.0, 20.0, 20.0]


def test_bad_rows_are_dropped_and_counted() -> None:
    truth = truth_of([BOX])
    boxes = [BOX, [np.nan, 0, 1, 1], [0, np.inf, 1, 1], [0, 0, -1, 1], BOX, BOX, BOX, [0, 0, -1, np.nan]]
    found = detections_of(boxes, [0.9, 0.5, 0.5, 0.5, 0.5, 0.5, np.nan, 0.5])
    found.image_id[4], found.category_id[5] = 77, 99
    with pytest.raises(InputError, match="row 1"):
        score(truth, found, load_rule("voc50"))
    left, dropped = sound_rows(found, truth)
    assert dropped == {NOT_FINITE: 4, NEGATIVE: 1, UNKNOWN_IMAGE: 1, UNKNOWN_CATEGORY: 1}
    assert len(left) + sum(dropped.values()) == len(found)
    assert score(truth, left, load_rule("voc50")).score == 1.0


def test_nothing_to_drop() -> None:
    left, dropped = sound_rows(detections_of([BOX], [0.5]), truth_of([]))
    assert (len(left), dropped) == (1, {})
    assert sound_rows(Detections.empty(), truth_of([]))[1] == {}
