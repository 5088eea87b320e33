import numpy as np
import pytest

from results.boxes import Images
from results.groups import group_name, group_of_image


def images(*names: str) -> Images:
    count = len(names)
    return Images(np.arange(count) + 5, names, np.full(count, 10), np.full(count, 10))


@pytest.mark.parametrize(
    ("pattern", "name", "group"),
    [(r"imgs_(\d+)_", "imgs_12_3.jpg", "12"), (r"imgs_\d+", "imgs_12_3.jpg", "imgs_12"), (r"imgs_", "cap.jpg", None)],
)
def test_the_pattern_names_the_group(pattern: str, name: str, group: str | None) -> None:
    assert group_name(pattern, name) == group


def test_frames_share_a_number_and_strangers_stand_alone() -> None:
    numbers = group_of_image(r"imgs_(\d+)_", images("imgs_1_0.jpg", "a.jpg", "imgs_1_1.jpg", "imgs_2_0.jpg", "b.jpg"))
    assert numbers is not None
    assert numbers[5] == numbers[7]
    assert len(set(numbers.values())) == 4


def test_without_a_pattern_there_are_no_groups() -> None:
    assert group_of_image(None, images("a.jpg")) is None
    assert group_of_image("x", images()) == {}
