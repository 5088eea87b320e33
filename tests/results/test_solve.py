import json

import numpy as np
import pytest
from drawn_boxes import detections_of, draw, truth_of

from results.boxes import Detections
from results.cutoffs import cut, image_folds, tolerance_cutoffs
from results.errors import InputError
from results.postprocess import PostSpec
from results.prepared import prepare, prepare_truth
from results.rules import load_rule
from results.scoring import keep_all, match, score
from results.solve import Solution, apply_solution, solve
from results.uncertainty import image_weights

SPECS = [
    PostSpec(),
    PostSpec(per_class="argmax", max_per_image=4),
    PostSpec(per_class="global", nms=("hard",), cutoffs="none", max_per_image=None),
]
BOX = [10.0, 10.0, 20.0, 20.0]


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("name", ["coco50", "bottle_round1"])
def test_the_applied_solution_scores_what_it_says(spec: PostSpec, name: str) -> None:
    rule = load_rule(name)
    for seed in range(6):
        truth, raw = draw(seed, rows=800)
        solution = solve(truth, raw, rule, spec, seed)
        assert score(truth, apply_solution(raw, solution), rule) == solution.score
        assert Solution.from_dict(json.loads(json.dumps(solution.to_dict()))) == solution
        assert solution.interval[0] <= solution.interval[1]


def test_the_same_seed_gives_the_same_solution() -> None:
    truth, raw = draw(3, rows=800)
    assert solve(truth, raw, load_rule("voc50"), PostSpec(), 7) == solve(truth, raw, load_rule("voc50"), PostSpec(), 7)


def test_a_binding_cap_is_priced() -> None:
    truth = truth_of([BOX, [50.0, 50.0, 20.0, 20.0]])
    raw = detections_of([BOX, [50.0, 50.0, 20.0, 20.0]], [0.9, 0.8])
    spec = PostSpec(max_per_image=None, cutoffs="none")
    assert solve(truth, raw, load_rule("voc50"), spec, 0).cap_cost == 0.0
    two = Detections(raw.image_id, np.array([1, 2]), raw.boxes_xywh, raw.scores)
    both = truth_of([BOX, [50.0, 50.0, 20.0, 20.0]], classes=2)
    both.category_id[1] = 2
    capped = solve(both, two, load_rule("voc50"), PostSpec(max_per_image=1, cutoffs="none"), 0)
    assert (capped.score.score, capped.cap_cost) == (0.5, 0.5)


def test_a_cutoff_drops_a_free_tail_and_keeps_the_score() -> None:
    count = 400
    image = np.arange(count) + 1
    truth = truth_of([BOX] * count, images=count)
    truth.image_id[:] = image
    raw = Detections(
        np.tile(image, 2),
        np.ones(2 * count, dtype=np.int64),
        np.array([BOX] * count + [[60.0, 60.0, 5.0, 5.0]] * count),
        np.concatenate([np.full(count, 0.5), np.full(count, 0.1)]),
    )
    solution = solve(truth, raw, load_rule("voc50"), PostSpec(), 0)
    assert 0.1 < solution.cutoff_of[1] <= 0.5
    assert solution.score.score == 1.0
    assert len(apply_solution(raw, solution)) == count


@pytest.mark.parametrize("seeds", [range(100), pytest.param(range(100, 3000), marks=pytest.mark.slow)])
def test_a_cutoff_never_raises_an_ap(seeds: range) -> None:
    for seed in seeds:
        truth, detections = draw(seed, rows=200)
        prepared = prepare(prepare_truth(truth, load_rule("coco" if seed % 2 else "voc50")), detections)
        matched = match(prepared, keep_all(prepared))
        classes = len(truth.categories)
        for value in (0.2, 0.5, 0.8):
            lower = match(prepared, cut(matched, np.full(classes, value))).class_ap()
            assert (np.nan_to_num(lower) <= np.nan_to_num(matched.class_ap()) + 1e-12).all()


def test_applied_cutoffs_cost_at_most_the_tolerance() -> None:
    for seed in range(20):
        truth, detections = draw(seed, rows=800)
        prepared = prepare(prepare_truth(truth, load_rule("voc50")), detections)
        matched = match(prepared, keep_all(prepared))
        images = len(truth.images)
        found = tolerance_cutoffs(matched, image_weights(images, 100, seed), image_folds(images, seed))
        cost = matched.class_ap() - match(prepared, cut(matched, found.value)).class_ap()
        assert (np.nan_to_num(cost) <= 1e-4 + 1e-12).all()
        assert (found.upper_cost[found.value > 0] < 1e-4).all()


def test_folds_hold_whole_groups() -> None:
    folds = image_folds(20, seed=0, group=np.repeat(np.arange(4), 5))
    assert all(len(set(folds[first : first + 5])) == 1 for first in range(0, 20, 5))
    assert set(image_folds(50, seed=0)) == {0, 1, 2, 3, 4}


def test_degenerate_sets() -> None:
    truth, raw = draw(1)
    nothing = solve(truth, Detections.empty(), load_rule("voc50"), PostSpec(), 0)
    assert nothing.score.score == 0.0
    assert len(apply_solution(raw, nothing)) > 0
    undefined = solve(truth_of([]), raw.select(raw.image_id == 1), load_rule("voc50"), PostSpec(), 0)
    assert undefined.score.score is None
    assert undefined.to_dict()["interval"] is None


def test_groups_must_cover_the_images() -> None:
    truth, raw = draw(5)
    grouped = solve(truth, raw, load_rule("voc50"), PostSpec(), 0, dict.fromkeys(truth.images.image_id.tolist(), 1))
    assert grouped.interval == pytest.approx((grouped.score.score,) * 2)
    with pytest.raises(InputError, match="group"):
        solve(truth, raw, load_rule("voc50"), PostSpec(), 0, {})
