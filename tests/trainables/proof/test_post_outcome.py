from typing import Any

import pytest

from results.rules import load_rule
from trainables.proof.post_outcome import drawn_set, post_outcome

POST: dict[str, Any] = {
    "nms": ("hard", "soft_linear", "soft_gaussian"),
    "per_class": "gate",
    "cutoffs": "tolerance",
    "max_per_image": 100,
    "search": "exact",
}
OTHERS = {"nms": ("hard",), "per_class": "global", "cutoffs": "none", "max_per_image": 1}


@pytest.mark.parametrize("rule", ["bottle_round1", "coco", "voc50"])
@pytest.mark.parametrize("name", OTHERS)
def test_each_setting_changed_alone_changes_what_is_solved(rule: str, name: str) -> None:
    before = post_outcome(POST, load_rule(rule))
    assert before == post_outcome(POST, load_rule(rule))
    assert before != post_outcome({**POST, name: OTHERS[name]}, load_rule(rule))


def test_a_search_by_tpe_is_told_from_the_exact_one() -> None:
    rule = load_rule("coco50")
    assert post_outcome({**POST, "search": "optuna"}, rule)["search"] != post_outcome(POST, rule)["search"]


def test_under_a_rule_that_charges_for_false_alarms_cutoffs_decide_nothing() -> None:
    rule = load_rule("f1_micro")
    assert post_outcome(POST, rule) == post_outcome({**POST, "cutoffs": "none"}, rule)


def test_the_drawn_set_has_categories_of_the_rule() -> None:
    rule = load_rule("bottle_round2")
    truth, raw = drawn_set(rule)
    drawn = {category.id for category in truth.categories}
    assert drawn == set(raw.category_id.tolist()) == set(truth.category_id.tolist())
    assert drawn < {category.id for category in rule.categories}
