"""`trainables.data.near_duplicates` against all pairs, and on sets that would take long if all pairs were looked at."""

import numpy as np
import pytest

from results.boxes import FloatArray, IntArray
from trainables.data.near_duplicates import exact_duplicates, near_duplicates


def iou(first: FloatArray, second: FloatArray) -> float:
    low = np.maximum(first[:2], second[:2])
    both = float(np.prod(np.clip(np.minimum(first[:2] + first[2:], second[:2] + second[2:]) - low, 0, None)))
    return both / (float(np.prod(first[2:]) + np.prod(second[2:])) - both)


def drawn(seed: int, boxes: int = 120) -> tuple[IntArray, FloatArray]:
    random = np.random.default_rng(seed)
    places = random.choice([10.0, 40.0, 90.0], (boxes, 4))
    return random.integers(0, 3, boxes), places + random.integers(-1, 2, (boxes, 4))


@pytest.mark.parametrize("seed", range(5))
def test_a_box_is_near_if_a_pair_says_so(seed: int) -> None:
    group, boxes = drawn(seed)
    distinct = np.delete(np.arange(len(group)), exact_duplicates(group, boxes)[0])
    pairs = [(a, b) for a in distinct for b in distinct if a < b and group[a] == group[b]]
    near = [(a, b) for a, b in pairs if iou(boxes[a], boxes[b]) >= 0.9]
    later, first = near_duplicates(group, boxes)
    assert near and set(zip(first.tolist(), later.tolist(), strict=True)) <= {(int(a), int(b)) for a, b in near}
    assert later.tolist() == sorted({int(second) for _, second in near})


def test_equal_boxes_name_the_first() -> None:
    boxes = np.array([[1.0, 2, 3, 4], [9, 9, 9, 9], [1, 2, 3, 4], [1, 2, 3, 4]])
    later, first = exact_duplicates(np.array([0, 0, 0, 1]), boxes)
    assert (later.tolist(), first.tolist()) == ([2], [0])


@pytest.mark.parametrize("find", [exact_duplicates, near_duplicates])
def test_no_boxes(find: type) -> None:
    later, first = find(np.zeros(0, dtype=np.int64), np.zeros((0, 4)))
    assert len(later) == len(first) == 0


@pytest.mark.parametrize("order", [1, -1])
def test_all_boxes_in_one_place_are_found_at_once(order: int) -> None:
    rows = 200_000
    boxes = np.tile([100.0, 100.0, 50.0, 50.0], (rows, 1))
    boxes[:, 0] += np.linspace(0, 1, rows)[::order]
    later, _ = near_duplicates(np.zeros(rows, dtype=np.int64), boxes)
    assert len(later) == rows - 1
