import numpy as np
import pytest
from drawn_boxes import category_list, draw, image_list

from results.boxes import Detections, Truth
from results.prepared import prepare, prepare_truth
from results.rules import load_rule
from results.scoring import Matched, keep_all, match, score
from results.uncertainty import compare, image_weights, interval, replicate_aps, replicate_scores

RULES = ["coco", "voc50", "bottle_round1"]


@pytest.mark.parametrize("name", RULES)
def test_weights_of_one_give_the_score(name: str) -> None:
    for seed in range(20):
        truth, detections = draw(seed)
        matched = matched_of(truth, detections, name)
        aps = replicate_aps(matched, np.ones((1, len(truth.images))))
        np.testing.assert_allclose(aps[0], matched.class_ap(), atol=1e-12, equal_nan=True)


def matched_of(truth: Truth, detections: Detections, name: str) -> Matched:
    prepared = prepare(prepare_truth(truth, load_rule(name)), detections)
    return match(prepared, keep_all(prepared))


def only_image(truth: Truth, detections: Detections, image: int) -> tuple[Truth, Detections]:
    """The boxes of one image; the image list stays whole."""
    inside = truth.image_id == image
    columns = (truth.annotation_id, truth.image_id, truth.category_id, truth.boxes_xywh, truth.is_crowd)
    one = Truth(truth.images, truth.categories, *(column[inside] for column in columns))
    return one, detections.select(detections.image_id == image)


@pytest.mark.parametrize("name", RULES)
def test_a_weight_of_zero_leaves_an_image_out(name: str) -> None:
    truth, detections = draw(8)
    image = int(truth.image_id[0])
    weights = (truth.images.image_id == image).astype(np.float64)[None, :]
    matched = matched_of(truth, detections, name)
    aps = replicate_aps(matched, weights)
    alone, rows = only_image(truth, detections, image)
    expected = score(alone, rows, load_rule(name))
    found = {id_: None if np.isnan(ap) else ap for id_, ap in zip(expected.ap, aps[0], strict=True)}
    assert found == pytest.approx(expected.ap, abs=1e-12)
    assert replicate_scores(aps, matched.prepared.truth)[0] == pytest.approx(expected.score, abs=1e-12)


def test_images_of_a_group_are_drawn_together() -> None:
    group = np.array([7, 7, 3, 3, 3, 9])
    weights = image_weights(6, 50, seed=1, group=group)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 2] == weights[:, 4]).all()
    assert (weights[:, [0, 2, 5]].sum(axis=1) == 3).all()


def test_draws_depend_on_the_seed_alone() -> None:
    np.testing.assert_array_equal(image_weights(9, 5, seed=1), image_weights(9, 5, seed=1))
    assert (image_weights(9, 5, seed=1) != image_weights(9, 5, seed=2)).any()
    assert image_weights(0, 5, seed=1).shape == (5, 0)


def test_a_set_is_tied_with_itself_and_better_than_noise() -> None:
    truth, detections = draw(2)
    same = compare(truth, (detections, detections), load_rule("voc50"), seed=0)
    assert (same.difference, same.interval, same.probability, same.tied) == (0.0, (0.0, 0.0), 0.0, True)
    away = detections.boxes_xywh + 900
    noise = Detections(detections.image_id, detections.category_id, away, detections.scores)
    better = compare(truth, (detections, noise), load_rule("voc50"), seed=0)
    assert better.difference > 0
    assert better.probability > 0.9


def test_no_defined_class_gives_no_interval() -> None:
    values = np.full(4, np.nan)
    assert np.isnan(interval(values)).all()
    truth, detections = draw(4)
    matched = matched_of(truth, detections, "voc50")
    assert np.isnan(
        replicate_scores(replicate_aps(matched, np.zeros((2, len(truth.images)))), matched.prepared.truth)
    ).all()


def simulated(seed: int, images: int = 60) -> tuple[Truth, Detections, Detections]:
    """One box an image, seen by two systems that find 80% and 70% of them among noise."""
    rng = np.random.default_rng(seed)
    image = np.arange(images) + 1
    one = np.ones(images, dtype=np.int64)
    box = np.tile([10.0, 10.0, 20.0, 20.0], (images, 1))
    truth = Truth(image_list(images), category_list(1), image, image, one, box, np.zeros(images, dtype=np.bool_))
    hard = rng.normal(0, 0.5, images)
    systems = []
    for bias in (0.84, 0.52):
        found = hard + rng.normal(0, 0.86, images) < bias
        place = np.where(found[:, None], box, box + 50)
        score = 1 / (1 + np.exp(-rng.normal(np.where(found, 1.0, 0.0), 1.0)))
        systems.append(Detections(image, one, place, score))
    return truth, systems[0], systems[1]


@pytest.fixture(scope="module")
def simulated_intervals() -> np.ndarray:
    found = [
        compare(truth, pair, load_rule("voc50"), seed) for seed in range(300) for truth, *pair in [simulated(seed)]
    ]
    return np.array([(one.difference, *one.interval) for one in found])


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_intervals_of_paired_aps_cover_as_often_as_they_say(simulated_intervals: np.ndarray, scale: float) -> None:
    difference, low, high = simulated_intervals.T
    inside = np.abs((low + high) / 2 - difference.mean()) <= scale * (high - low) / 2
    assert (0.92 <= inside.mean() <= 0.98) == (scale == 1.0)


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_the_interval_of_a_mean_covers_as_often_as_it_says(scale: float) -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for seed in range(400):
        values = rng.normal(0, 1, 80)
        low, high = interval(image_weights(80, 300, seed) @ values / 80)
        middle, half = (low + high) / 2, scale * (high - low) / 2
        hits += middle - half <= 0 <= middle + half
    assert (0.91 <= hits / 400 <= 0.98) == (scale == 1.0)


def test_one_group_of_all_images_leaves_a_comparison_nothing_to_draw() -> None:
    truth, detections = draw(2)
    half = detections.select(np.arange(len(detections)) % 2 == 0)
    grouped = compare(truth, (detections, half), load_rule("voc50"), seed=0, group_by="")
    assert grouped.interval == pytest.approx((grouped.difference, grouped.difference), abs=1e-12)
    alone = compare(truth, (detections, half), load_rule("voc50"), seed=0)
    assert alone.interval[0] < alone.interval[1]
