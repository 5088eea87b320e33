import json

import numpy as np
import pytest
from drawn_boxes import detections_of, draw, truth_of

from results.boxes import Detections, Truth
from results.cutoffs import cut, image_folds, tolerance_cutoffs
from results.errors import InputError
from results.postprocess import PostSpec, default_settings
from results.prepared import prepare, prepare_truth
from results.rules import load_rule
from results.scoring import keep_all, match, score
from results.solution import Solution, apply_solution
from results.solve import solve, swept_by
from results.sweep import sweep
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


def test_the_grid_is_refined_around_the_best_of_each_class() -> None:
    truth, raw = draw(3, rows=800)
    prepared = prepare(prepare_truth(truth, load_rule("coco")), raw)
    grid, found = sweep(prepared, default_settings()), swept_by(prepared, PostSpec(max_per_image=None), 0)
    assert found.size > grid.size == 62
    assert (np.nanmax(found.table.ap, axis=0) >= np.nanmax(grid.table.ap, axis=0)).all()
    best = [grid.table.settings[place] for place in grid.table.best_per_class()]
    assert {setting.kind for setting in found.table.settings[62:]} <= {setting.kind for setting in best}


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


def with_a_tail(tail: int, hits_at: float = 0.5) -> tuple[Truth, Detections]:
    """400 images with one box each, found with `hits_at`, and `tail` lower boxes beside them, all scores distinct."""
    count = 400
    truth = truth_of([BOX] * count, images=count)
    truth.image_id[:] = np.arange(count) + 1
    image = np.concatenate([np.arange(count), np.arange(tail) % count]) + 1
    apart = [[40.0 + 4 * (place // count), 60.0, 3.0, 3.0] for place in range(tail)]
    scores = np.concatenate([np.full(count, hits_at), np.linspace(0.01, 0.4, tail)])
    return truth, Detections(image, np.ones(count + tail, dtype=np.int64), np.array([BOX] * count + apart), scores)


def test_a_cutoff_drops_a_sliver_of_a_tail_without_a_true_positive() -> None:
    truth, raw = with_a_tail(5500)
    solution = solve(truth, raw, load_rule("voc50"), PostSpec(nms=("hard",), max_per_image=None), 0)
    assert len(raw) - len(apply_solution(raw, solution)) == 1
    assert solution.score.score == 1.0


def test_no_cutoff_where_a_true_positive_stands_low_or_the_tail_is_short() -> None:
    for truth, raw in (with_a_tail(5000, hits_at=0.0101), with_a_tail(1000)):
        solution = solve(truth, raw, load_rule("voc50"), PostSpec(nms=("hard",), max_per_image=None), 0)
        assert solution.cutoff_of == {1: 0.0}


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


def test_applied_cutoffs_cost_nothing_on_the_images_they_were_fitted_on() -> None:
    cut_classes = 0
    for seed in range(20):
        truth, detections = draw(seed, rows=100_000)
        prepared = prepare(prepare_truth(truth, load_rule("voc50")), detections)
        matched = match(prepared, keep_all(prepared))
        images = len(truth.images)
        found = tolerance_cutoffs(matched, image_weights(images, 100, seed), image_folds(images, seed))
        cost = matched.class_ap() - match(prepared, cut(matched, found.value)).class_ap()
        assert (np.nan_to_num(cost) == 0).all()
        assert (found.upper_cost[found.value > 0] < 1e-4).all()
        cut_classes += int((found.value > 0).sum())
    assert cut_classes > 0


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
