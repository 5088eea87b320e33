"""The contest's figures as they are kept, and plans that have them."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from results.boxes import truth_from_coco
from trainables.data.demo_full import DemoFullSizes
from trainables.data.demo_full_plan import PicturePlan, plan_pictures
from trainables.data.spread import LEVELS, bottle_round1_spread, measure_spread, shown_quantiles

REAL = Path(__file__).parents[4] / "shared" / "data" / "bottle_round1" / "annotations.json"
SPREAD = bottle_round1_spread()
SHOWN = [LEVELS.index(level) for level in (10, 50, 90)]
# COMPETITION.md, section 3: short side and aspect ratio of the 5775 boxes that are not background.
REAL_SHORT_PX, REAL_RATIO = (13, 37, 122), (1.8, 5.4)
REAL_BOXES = {1: 1619, 2: 705, 3: 656, 4: 480, 5: 614, 6: 186, 7: 384, 8: 443, 9: 489, 10: 199}


def plans(split: str = "train") -> list[PicturePlan]:
    sizes = getattr(DemoFullSizes(), split)
    return plan_pictures(SPREAD, sizes.by_mode, np.random.default_rng(5))


def boxes_of(pictures: list[PicturePlan], category: int | None = None) -> np.ndarray:
    planned = [one for picture in pictures for one in picture.objects if category in (None, one.category_id)]
    return np.array([[0, 0, one.width_px, one.height_px] for one in planned], np.float64)


@pytest.mark.skipif(not REAL.is_file(), reason="the contest's annotation file is not here")
def test_the_figures_are_those_of_the_contests_file() -> None:
    assert measure_spread(truth_from_coco(REAL)) == SPREAD


def test_the_figures_hold_what_is_known_of_the_contest() -> None:
    caps, labels = SPREAD.modes
    assert (caps.width_px, caps.height_px, caps.images) == (658, 492, 4105)
    assert (labels.width_px, labels.height_px, labels.images) == (4096, 3000, 411)
    assert caps.combinations[()] + labels.combinations[()] == 1146
    counted = Counter[int]()
    for mode in SPREAD.modes:
        for ids, images in mode.combinations.items():
            counted.update({key: ids.count(key) * images for key in set(ids)})
    assert counted == REAL_BOXES


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_all_boxes_have_the_contests_quantiles(split: str) -> None:
    short_px, ratio = shown_quantiles(boxes_of(plans(split)))
    assert short_px == pytest.approx(REAL_SHORT_PX, rel=0.15)
    assert ratio[1:] == pytest.approx(REAL_RATIO, rel=0.15)


@pytest.mark.parametrize("category", range(1, 11))
def test_each_class_has_its_quantiles(category: int) -> None:
    short_px, ratio = shown_quantiles(boxes_of(plans(), category))
    spread = SPREAD.classes[category]
    assert short_px == pytest.approx([spread.short_px[place] for place in SHOWN], rel=0.15)
    assert ratio == pytest.approx([spread.ratio[place] for place in SHOWN], rel=0.15)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_classes_are_as_frequent_as_in_the_contest(split: str) -> None:
    pictures = plans(split)
    counted = Counter(one.category_id for picture in pictures for one in picture.objects)
    for category, boxes in REAL_BOXES.items():
        share, real = counted[category] / counted.total(), boxes / sum(REAL_BOXES.values())
        assert share == pytest.approx(real, abs=0.02)


def test_pictures_hold_as_many_boxes_as_in_the_contest() -> None:
    real = [len(ids) for mode in SPREAD.modes for ids, images in mode.combinations.items() for _ in range(images)]
    counts = [len(picture.objects) for picture in plans()]
    assert np.mean(counts) == pytest.approx(np.mean(real), rel=0.05)
    assert np.percentile(counts, [10, 50, 90]).tolist() == np.percentile(real, [10, 50, 90]).tolist()
    assert np.mean(np.equal(counts, 0)) == pytest.approx(np.mean(np.equal(real, 0)), abs=0.01)


def test_the_shapes_of_a_class_go_with_its_sizes() -> None:
    """A spinning cap is as wide as caps are: the smaller its short side, the longer it is."""
    boxes = boxes_of(plans(), 4)
    assert np.corrcoef(boxes[:, 2], boxes[:, 3])[0, 1] > -0.5
    assert np.ptp(np.percentile(boxes[:, 2], [5, 95])) < 60


@pytest.mark.parametrize(("caps", "labels"), [(0, 0), (1, 0), (0, 1), (30, 1)])
def test_plans_come_in_the_number_asked_for(caps: int, labels: int) -> None:
    pictures = plan_pictures(SPREAD, (caps, labels), np.random.default_rng(0))
    assert Counter(picture.mode for picture in pictures) == Counter({0: caps, 1: labels})


def test_planned_boxes_fit_into_their_pictures() -> None:
    for picture in plans():
        mode = SPREAD.modes[picture.mode]
        assert all(one.width_px < mode.width_px and one.height_px < mode.height_px for one in picture.objects)
