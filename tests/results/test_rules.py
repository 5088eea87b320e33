from pathlib import Path

import numpy as np
import pytest

from results.errors import InputError, InputErrors
from results.rules import load_rule, rule_names

USER_RULE = """
name: mine
categories: [{id: 3, name: dent, weight: 2}, {id: 4, name: scratch}]
requirement: {iou: [0.4, 0.6]}
ap: voc11
strict: true
"""


def test_all_built_in_rules_load() -> None:
    assert {"bottle_round1", "bottle_round2", "coco", "coco50", "voc50", "fabric"} <= set(rule_names())
    assert [load_rule(name).name for name in rule_names()] == rule_names()


def test_requirement_of_the_bottle_rule() -> None:
    sides = np.array([0.0, 39.9, 40, 80, 120, 240, 420, 1000])
    boxes = np.stack([sides * 0, sides * 0, sides + 5, sides], axis=1)
    required = load_rule("bottle_round1").requirement.of_boxes(boxes)
    np.testing.assert_array_equal(required, [[0.2, 0.2, 40 / 200, 0.4, 120 / 1500 + 0.52, 240 / 1500 + 0.52, 0.8, 0.8]])


def test_weights_of_round_one_sum_to_one_and_round_two_is_open() -> None:
    assert sum(category.weight for category in load_rule("bottle_round1").categories) == pytest.approx(1, abs=1e-12)
    assert {"weights", "time_penalty"} <= set(load_rule("bottle_round2").open)


def test_weights_are_a_parameter() -> None:
    rule = load_rule("bottle_round2")
    weights = {category.id: 0.1 * category.id for category in rule.categories}
    assert {c.id: c.weight for c in rule.with_weights(weights).categories} == weights
    with pytest.raises(InputError, match="categories"):
        rule.with_weights({1: 1.0})
    with pytest.raises(InputError, match="not negative"):
        rule.with_weights(dict.fromkeys(weights, 0.0))


def test_time_penalty_counts_seconds_beyond_the_free_ones(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(USER_RULE + "time_penalty: {per_second: 0.5, free_s: 2}\n")
    penalty = load_rule(str(path)).time_penalty
    assert (penalty.cost(1.0), penalty.cost(3.0)) == (0.0, 0.5)


def test_a_users_rule_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(USER_RULE)
    rule = load_rule(str(path))
    assert [(category.id, category.weight) for category in rule.categories] == [(3, 2.0), (4, 1.0)]
    assert (rule.strict, rule.ap, rule.requirement.count) == (True, "voc11", 2)
    assert len(rule.recall_points()) == 11


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ap: voc11", "ap: voc12"),
        ("strict: true", "stric: true"),
        ("[0.4, 0.6]", "[1.4]"),
        ("[0.4, 0.6]", "[.nan]"),
        ("iou: [0.4, 0.6]", "short_side_px: [{below: 9, iou: 0.1}]"),
        ("id: 4", "id: 3"),
        ("weight: 2", "weight: -1"),
        ("name: mine", "name: [mine"),
    ],
)
def test_a_wrong_file_is_an_input_error(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(USER_RULE.replace(old, new))
    with pytest.raises(InputError, match=r"mine\.yaml"):
        load_rule(str(path))


def test_all_faults_of_a_file_come_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("ap: no\nrequirement: {}\n")
    with pytest.raises(InputErrors) as caught:
        load_rule(str(path))
    assert len(caught.value.errors) == 3


def test_unknown_rule_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="bottle_round1"):
        load_rule("bottle_round9")
