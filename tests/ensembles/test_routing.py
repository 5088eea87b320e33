"""Images go to the members that see them; what a member never saw or looked for is not held against the others."""

import numpy as np
import pytest

from ensembles.routing import Routed, fuse_routed, joined_truth, listed, unseen
from results.boxes import Category, Detections, Images, Truth


def detections(*rows: tuple[int, int, float]) -> Detections:
    """A box of one place for each (image, class, score)."""
    images, classes, scores = (np.array(column) for column in zip(*rows, strict=True))
    return Detections(images, classes, np.tile([5.0, 5.0, 20.0, 20.0], (len(rows), 1)), scores.astype(np.float64))


def member(found: Detections, images: list[int], classes: list[int]) -> Routed:
    return Routed(found, np.array(images), np.array(classes))


def by_image_and_class(found: Detections) -> dict[tuple[int, int], float]:
    keys = zip(found.image_id.tolist(), found.category_id.tolist(), strict=True)
    return dict(zip(keys, found.scores.tolist(), strict=True))


def test_an_image_is_scored_by_the_members_that_see_it() -> None:
    small = member(detections((1, 1, 0.8)), [1, 3], [1, 2])
    large = member(detections((2, 1, 0.6)), [2], [1, 2])
    assert by_image_and_class(fuse_routed([small, large], 0.55, 100)) == pytest.approx({(1, 1): 0.8, (2, 1): 0.6})


def test_a_miss_counts_where_a_member_sees_the_image() -> None:
    first = member(detections((1, 1, 0.8), (2, 1, 0.8)), [1, 2], [1])
    second = member(detections((1, 1, 0.4)), [1, 2], [1])
    assert by_image_and_class(fuse_routed([first, second], 0.55, 100)) == pytest.approx({(1, 1): 0.6, (2, 1): 0.4})


def test_a_class_is_scored_by_the_members_that_look_for_it() -> None:
    chosen = member(detections((1, 1, 0.8)), [1], [1])
    others = member(detections((1, 2, 0.6)), [1], [2, 3])
    assert by_image_and_class(fuse_routed([chosen, others], 0.55, 100)) == pytest.approx({(1, 1): 0.8, (1, 2): 0.6})


def test_the_cap_holds_over_all_members() -> None:
    chosen = member(detections((1, 1, 0.8)), [1], [1])
    others = member(detections((1, 2, 0.6)), [1], [2])
    assert by_image_and_class(fuse_routed([chosen, others], 0.55, 1)) == pytest.approx({(1, 1): 0.8})


def test_members_without_images_give_nothing() -> None:
    nobody = member(Detections.empty(), [], [1])
    assert len(fuse_routed([nobody], 0.55, 100)) == 0
    assert unseen(Images(np.array([4]), ("d.jpg",), np.array([9]), np.array([9])), [nobody]) == 1


def truth(images: list[int], boxes: list[tuple[int, int]]) -> Truth:
    ids = np.array(images)
    listed_images = Images(ids, tuple(f"{image}.jpg" for image in images), np.full(len(ids), 50), np.full(len(ids), 40))
    image_id, category_id = np.array(boxes, np.int64).reshape(-1, 2).T
    count = len(boxes)
    categories = tuple(Category(key, str(key)) for key in sorted(set(category_id.tolist())))
    return Truth(
        listed_images,
        categories,
        np.arange(count),
        image_id,
        category_id,
        np.tile([1.0, 1.0, 9.0, 9.0], (count, 1)),
        np.zeros(count, bool),
    )


def test_validation_images_of_all_runs_count_once() -> None:
    joined = joined_truth([truth([1, 2], [(1, 1), (2, 1)]), truth([2, 3], [(2, 1), (3, 7)])])
    assert joined.images.image_id.tolist() == [1, 2, 3]
    assert joined.image_id.tolist() == [1, 2, 3]
    assert [category.id for category in joined.categories] == [1, 7]


def test_a_part_of_a_list_keeps_sizes_and_names_together() -> None:
    part = listed(truth([4, 5, 6], []).images, np.array([2, 0]))
    assert (part.image_id.tolist(), part.file_name) == ([6, 4], ("6.jpg", "4.jpg"))
