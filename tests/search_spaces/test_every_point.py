from collections.abc import Callable

import pytest

from search_spaces.points import distinct_points, every_point, point_faults
from search_spaces.space import Space

LoadText = Callable[..., Space]


def test_every_point_is_listed_once_and_inside(load_text: LoadText) -> None:
    text = "train:\n  backbone: {choice: [small, large]}\n  depth: {range: [1, 5], step: 2}\n"
    more = "  dcn: {choice: [v1, v2], when: {backbone: [large]}}\n  lr: {range: [0.1, 0.3], step: 0.1}\n"
    space = load_text(text + more)
    points = list(every_point(space))
    assert len(points) == distinct_points(space) == 27
    assert len({tuple(point.items()) for point in points}) == 27
    assert all(point_faults(space, point) == () for point in points)
    assert points[0] == {"backbone": "small", "depth": 1, "lr": 0.1}


def test_a_continuum_cannot_be_listed(load_text: LoadText) -> None:
    with pytest.raises(ValueError, match="continuum"):
        list(every_point(load_text("train: {lr: {range: [0.1, 0.3]}}\n")))
