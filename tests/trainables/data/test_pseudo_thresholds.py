"""Scores from which on detections are right often enough: by a lower bound, not by the share seen."""

import numpy as np
import pytest

from results.boxes import Category, Detections, Images, Truth
from results.rules import load_rule
from trainables.data.pseudo_thresholds import class_thresholds, lower_bound, threshold


@pytest.mark.parametrize(("hits", "trials", "bound"), [(10, 10, 0.787), (25, 25, 0.902), (45, 50, 0.808), (0, 8, 0.0)])
def test_the_bound_is_wilsons(hits: float, trials: float, bound: float) -> None:
    assert lower_bound(np.array([hits]), np.array([trials]))[0] == pytest.approx(bound, abs=0.001)


def test_the_lowest_score_that_still_reaches_the_target_is_taken() -> None:
    scores = np.linspace(0.99, 0.5, 50)
    right = np.arange(50) < 30
    found = threshold(scores, right, 0.8)
    assert found.least_score == scores[31]
    assert found.precision == pytest.approx(30 / 32)
    assert found.bound >= 0.8
    assert threshold(scores, right, 0.95).least_score is None


def test_equal_scores_stand_or_fall_together() -> None:
    scores = np.array([0.9] * 20 + [0.5] * 20)
    right = np.array([True] * 20 + [True] * 10 + [False] * 10)
    assert threshold(scores, right, 0.8).detections == 20


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_few_right_detections_prove_little(count: int) -> None:
    found = threshold(np.full(count, 0.9), np.ones(count, bool), 0.8)
    assert found.least_score is None
    assert found.bound < 0.8


def test_what_is_right_is_decided_by_the_rule() -> None:
    """Twelve small boxes, half covered: right under the bottle rule, wrong under COCO's."""
    ids = np.arange(12)
    boxes = np.tile([10.0, 10.0, 20.0, 20.0], (12, 1))
    images = Images(ids, tuple(f"{image}.jpg" for image in ids), np.full(12, 100), np.full(12, 100))
    none = np.zeros(12, bool)
    truth = Truth(images, (Category(1, "瓶盖破损"),), ids, ids, np.ones(12, np.int64), boxes, none)
    found = Detections(ids, np.ones(12, np.int64), boxes * [1, 1, 1, 0.45], np.linspace(0.9, 0.8, 12))
    assert class_thresholds(truth, found, load_rule("bottle_round1"), 0.8)[1].least_score == pytest.approx(0.8)
    assert class_thresholds(truth, found, load_rule("coco50"), 0.8)[1].least_score is None
