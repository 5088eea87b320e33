from collections.abc import Callable

import pytest

from search_spaces.domains import Choice, Fixed, FloatRange
from search_spaces.points import default_point, distinct_points, point_with
from search_spaces.space import Condition, Space
from search_spaces.written_form import to_yaml

LoadText = Callable[..., Space]
FaultsOf = Callable[..., list[str]]

EXCLUSIVE = """train:
  backbone: {choice: [small, large]}
  little: {when: {backbone: [small]}, lr: {choice: [1, 2]}, width: {choice: [3, 4]}}
  big:
    when: {backbone: [large]}
    lr: {log: [10, 20]}
    deep: {depth: {choice: [5, 6], when: {dcn: [v1]}}, dcn: {choice: [none, v1]}}
known:
  - {backbone: large, lr: 15}
  - {backbone: small, little: {lr: 2, width: 4}}
  - {backbone: large, big.lr: 12, big: {deep: {dcn: v1, depth: 6}}}
"""


def test_a_point_holds_parameters_whatever_groups_they_stand_in(load_text: LoadText) -> None:
    space = load_text(EXCLUSIVE)
    assert default_point(space) == {"backbone": "small", "lr": 1.0, "width": 3}
    assert [point["lr"] for point in space.known] == [15.0, 2.0, 12.0]
    assert space.known[2] == {"backbone": "large", "lr": 12.0, "dcn": "v1", "depth": 6}


def test_labels_tell_the_keys_of_one_parameter_apart(load_text: LoadText) -> None:
    space = load_text(EXCLUSIVE)
    assert [one.label for one in space.train if one.name == "lr"] == ["little.lr", "big.lr"]
    assert len({one.label for one in space.train}) == len(space.train)


def test_the_condition_of_a_group_holds_for_all_of_its_keys(load_text: LoadText) -> None:
    clauses = {one.label: one.when for one in load_text(EXCLUSIVE).train}
    large = Condition("backbone", ("large",))
    assert clauses["big.lr"] == (large,)
    assert clauses["big.deep.depth"] == (large, Condition("dcn", ("v1",)))


def test_one_parameter_in_two_groups_is_counted_where_it_is_active(load_text: LoadText) -> None:
    space = load_text(EXCLUSIVE.replace("{log: [10, 20]}", "{choice: [10, 11, 12]}").split("known:")[0])
    assert distinct_points(space) == 2 * 2 + 3 * (1 + 2)


def test_a_written_space_keeps_its_groups_and_their_order(load_text: LoadText) -> None:
    space = load_text(EXCLUSIVE)
    assert load_text(to_yaml(space), head="") == space


def test_a_dotted_name_is_a_nested_one(load_text: LoadText) -> None:
    nested, dotted = "train: {a: {b: {lr: 1}}}\n", "train: {a.b.lr: 1}\n"
    assert load_text(nested) == load_text(dotted)


def test_a_profile_replaces_a_group_as_a_whole(load_text: LoadText) -> None:
    text = "train: {g: {lr: 1, width: 2}, depth: 3}\nprofiles: {demo: {train: {g: {lr: {choice: [4, 5]}}}}}\n"
    domains = {one.label: one.domain for one in load_text(text, profile="demo").train}
    assert domains == {"g.lr": Choice((4.0, 5.0)), "depth": Fixed(3)}


def test_a_key_is_tried_where_its_group_is_active(load_text: LoadText) -> None:
    space = load_text(EXCLUSIVE)
    depth = next(one for one in space.train if one.name == "depth")
    point = point_with(space, depth, 6)
    assert point is not None
    assert (point["backbone"], point["dcn"], point["depth"]) == ("large", "v1", 6)
    lr = next(one for one in space.train if one.label == "big.lr")
    assert isinstance(lr.domain, FloatRange)


PLANTED = {
    "train: {g: {lrr: 1}}": (3, "no key g.lrr for this detector"),
    "train: {g: {}}": (3, "a value or a group of keys"),
    "train:\n  g: {lr: 1}\n  g.lr: 2": (5, "already at line 4"),
    "train:\n  g: {lr: 1}\n  h: {lr: 2}": (5, "g.lr and h.lr are never active together"),
    "train:\n  width: {choice: [1, 2]}\n  g: {lr: 1, when: {width: [1]}}\n  h: {lr: 2, when: {width: [1, 2]}}": (
        6,
        "never active together",
    ),
    "train:\n  width: {choice: [1, 2]}\n  g: {when: {width: [1]}, lr: {choice: [1], when: {width: [2]}}}": (
        5,
        "the conditions of g.lr can hold together",
    ),
    "train:\n  predict: {lr: 1}": (4, "not named like a section"),
    "train: {g: {lr: 1}}\nknown: [{lr: 1, g: {lr: 1}}]": (4, "gives lr once"),
    "train: {g: {lr: 1}}\nknown: [{g: {wdith: 1}}]": (4, "g.wdith is none"),
}


@pytest.mark.parametrize("text", PLANTED)
def test_a_planted_fault_names_file_and_line(faults_of: FaultsOf, text: str) -> None:
    line, words = PLANTED[text]
    faults = faults_of(text + "\n")
    assert f"received planted.yaml:{line}: " in faults[0]
    assert words in faults[0]


def test_a_value_is_checked_against_the_active_group(faults_of: FaultsOf) -> None:
    (fault,) = faults_of(EXCLUSIVE.replace("{backbone: large, lr: 15}", "{backbone: large, lr: 2}"))
    assert "lr cannot be 2" in fault
