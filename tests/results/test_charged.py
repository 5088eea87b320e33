import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from drawn_boxes import detections_of, draw, truth_of

from results.boxes import Detections
from results.charged import best_image_gate, best_macro, best_micro, curves
from results.cutoffs import cut
from results.errors import InputError, InputErrors
from results.postprocess import PostSpec, images_above
from results.prepared import prepare, prepare_truth
from results.rules import Rule, load_rule
from results.scoring import Matched, keep_all, match, score, subset
from results.solution import Solution, apply_solution
from results.solve import solve
from results.uncertainty import image_weights, replicate_values

BOX = [10.0, 10.0, 20.0, 20.0]


def matched_of(seed: int, rule: Rule, rows: int = 60) -> Matched:
    truth, detections = draw(seed, rows=rows, boxes=20)
    prepared = prepare(prepare_truth(truth, rule), detections)
    return match(prepared, keep_all(prepared))


def test_f_beta_by_hand() -> None:
    truth = truth_of([BOX, [60.0, 60.0, 10.0, 10.0]])
    found = detections_of([BOX, [30.0, 30.0, 5.0, 5.0]], [0.9, 0.8])
    assert score(truth, found, load_rule("f1_macro")).score == pytest.approx(0.5)
    assert score(truth, found, load_rule("f1_micro")).score == pytest.approx(0.5)
    assert score(truth, found.select(found.scores > 0.85), load_rule("f1_macro")).score == pytest.approx(2 / 3)
    assert score(truth_of([]), found, load_rule("f1_macro")).score is None


def test_fabric_by_hand() -> None:
    truth = truth_of([BOX], images=4)
    found = Detections(np.array([1, 2]), np.ones(2, dtype=np.int64), np.array([BOX, BOX]), np.array([0.9, 0.4]))
    # The AP is 1; images 1, 3 and 4 of 4 are told right.
    assert score(truth, found, load_rule("fabric")).score == pytest.approx(0.2 * 3 / 4 + 0.8)


def test_macro_cutoffs_are_the_best_of_all() -> None:
    for seed in range(25):
        matched = matched_of(seed, load_rule("f1_macro"))
        values, cutoffs = best_macro([curves(matched)], 1.0)
        for place in range(values.shape[1]):
            tried = [
                np.where(np.arange(values.shape[1]) == place, value, 0.0)
                for value in [*np.unique(matched.kept.scores), 9.0]
            ]
            found = [score_at(matched, value)[place] for value in tried]
            np.testing.assert_allclose(values[0, place], np.max(found), atol=1e-12)
        np.testing.assert_allclose(score_at(matched, cutoffs[0]), values[0], atol=1e-12)


def score_at(matched: Matched, cutoff: np.ndarray) -> np.ndarray:
    ap = match(matched.prepared, cut(matched, cutoff)).score().ap
    return np.array([np.nan if value is None else value for value in ap.values()])


def test_micro_cutoffs_are_the_best_of_all_combinations() -> None:
    rule = load_rule("f1_micro")
    compared = 0
    for seed in range(60):
        matched = matched_of(seed, rule, rows=25)
        classes = len(matched.prepared.truth.category_id)
        if classes > 3:
            continue
        value, _, cutoff = best_micro([curves(matched)], 1.0)
        every = [*np.unique(matched.kept.scores), 9.0]
        combinations = itertools.product(*[every[:: max(1, len(every) // 9)]] * classes)
        tried = [match(matched.prepared, cut(matched, np.array(one))).score().score or 0.0 for one in combinations]
        assert value >= max(tried) - 1e-12
        assert (match(matched.prepared, cut(matched, cutoff)).score().score or 0.0) == pytest.approx(value)
        compared += 1
    assert compared > 10


def test_the_image_gate_is_the_best_of_all() -> None:
    for seed in range(20):
        matched = matched_of(seed, load_rule("fabric"))
        gate, best = best_image_gate(matched)
        image = matched.prepared.detections.image[matched.kept.rows]
        tried = []
        for value in [0.0, *np.unique(matched.kept.scores)]:
            left = subset(matched.kept, images_above(image, matched.kept.scores, value))
            tried.append(match(matched.prepared, left).score().score or 0.0)
            assert value != gate or tried[-1] == pytest.approx(best)
        assert best == pytest.approx(max(tried))


@pytest.mark.parametrize("name", ["f1_macro", "f1_micro", "fabric"])
@pytest.mark.parametrize("per_class", ["gate", "argmax", "global"])
def test_a_solution_earns_what_it_says(name: str, per_class: str) -> None:
    rule = load_rule(name)
    for seed in range(3):
        truth, raw = draw(seed, rows=400)
        solution = solve(truth, raw, rule, PostSpec(per_class=per_class), seed)  # type: ignore[arg-type]
        assert score(truth, apply_solution(raw, solution), rule).score == pytest.approx(solution.score.score)
        assert (solution.score.score or 0) >= (score(truth, raw, rule).score or 0) - 0.05
        assert Solution.from_dict(json.loads(json.dumps(solution.to_dict()))) == solution


@pytest.mark.parametrize("name", ["f1_macro", "f1_micro", "fabric"])
def test_weights_of_one_give_the_score(name: str) -> None:
    for seed in range(10):
        matched = matched_of(seed, load_rule(name))
        found = replicate_values(matched, image_weights(1, 1, 0).repeat(len(matched.prepared.truth.image_id), axis=1))
        assert found[1][0] == pytest.approx(matched.score().score, nan_ok=True)


def test_a_function_of_match_bits_is_a_rule(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "def recall(bits):\n    return float((bits.hit * bits.weight).sum() / bits.truth_weight / len(bits.hit))\n"
    )
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\nrequirement: {iou: [0.5]}\nmeasure: {function: 'own.py:recall'}\n")
    truth = truth_of([BOX, [60.0, 60.0, 10.0, 10.0]])
    found = detections_of([BOX, [30.0, 30.0, 5.0, 5.0]], [0.9, 0.8])
    assert score(truth, found, load_rule(str(file))).score == 0.5
    assert solve(truth, found, load_rule(str(file)), PostSpec(), 0).score.score == 0.5
    file.write_text("name: mine\nrequirement: {iou: [0.5]}\nmeasure: {function: 'own.py:nothing'}\n")
    with pytest.raises(InputError, match="nothing"):
        score(truth, found, load_rule(str(file)))


@pytest.mark.parametrize("measure", ["{kind: f_micro}", "{kind: f_macro, image_accuracy: 0.2}", "{beta: 0}", "{x: 1}"])
def test_measures_that_contradict_themselves(tmp_path: Path, measure: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"name: mine\nrequirement: {{iou: [0.5, 0.6]}}\nmeasure: {measure}\n")
    with pytest.raises(InputErrors):
        load_rule(str(file))
