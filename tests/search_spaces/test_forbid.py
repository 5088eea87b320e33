from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.domains import IntRange, Value
from search_spaces.points import distinct_points, every_point, is_forbidden, point_faults, point_with
from search_spaces.space import Condition, Dimension, Space
from search_spaces.written_form import decisions_sha, to_yaml

LoadText = Callable[..., Space]
FaultsOf = Callable[..., list[str]]

TRAIN = """train:
  backbone: {choice: [small, large]}
  dcn: {choice: [none, v1, v2], when: {backbone: [large]}}
  width: {range: [1, 4]}
"""
FORBID = "forbid: [{backbone: large, dcn: [v1, v2], width: [3, 4]}, {backbone: small, width: 4}]\n"


def test_forbidden_points_are_not_counted_and_not_listed(load_text: LoadText) -> None:
    space = load_text(TRAIN + FORBID)
    points = list(every_point(space))
    assert len(points) == distinct_points(space) == 16 - 4 - 1
    assert not any(is_forbidden(space, point) for point in points)
    assert all(point_faults(space, point) == () for point in points)


def test_a_combination_holds_only_where_all_of_its_keys_are_active(load_text: LoadText) -> None:
    space = load_text(TRAIN + FORBID)
    assert is_forbidden(space, {"backbone": "large", "dcn": "v2", "width": 3})
    assert not is_forbidden(space, {"backbone": "small", "width": 3})
    assert point_faults(space, {"backbone": "small", "width": 4}) == (
        "backbone in ['small'] and width in [4] is forbidden",
    )


def test_forbidden_combinations_survive_writing(load_text: LoadText) -> None:
    space = load_text(TRAIN + FORBID)
    again = load_text(to_yaml(space), head="")
    assert (again, decisions_sha(again)) == (space, decisions_sha(space))
    assert decisions_sha(load_text(TRAIN)) != decisions_sha(space)


def test_a_key_is_tried_at_a_point_that_is_allowed(load_text: LoadText) -> None:
    space = load_text(TRAIN + FORBID)
    dcn, width = space.train[1], space.train[2]
    assert point_with(space, dcn, "v1") == {"backbone": "large", "dcn": "v1", "width": 2}
    assert point_with(space, width, 4) == {"backbone": "large", "dcn": "none", "width": 4}


def test_a_value_that_is_always_forbidden_has_no_point(load_text: LoadText) -> None:
    space = load_text(TRAIN + "forbid: [{width: 4}]\n")
    assert point_with(space, space.train[2], 4) is None


def test_a_profile_may_forbid_nothing(load_text: LoadText) -> None:
    text = TRAIN + FORBID + "profiles: {demo: {forbid: []}}\n"
    assert load_text(text, profile="demo").forbid == ()


PLANTED = {
    "forbid: {width: 4}": (7, "list of combinations"),
    "forbid: [4]": (7, "is a mapping"),
    "forbid: [{}]": (7, "is a mapping"),
    "forbid:\n- {wdith: 4}": (8, "did you mean width?"),
    "forbid: [{width: 9}]": (7, "width can be 9"),
    "forbid: [{width: wide}]": (7, "width is like 8"),
    "forbid: [{width: [1, 1]}]": (7, "each value once"),
    "forbid: [{width: [1], g.width: 2}]": (7, "names a key once"),
    "forbid:\n- {backbone: small}\n- {backbone: large}": (8, "every point is forbidden"),
    "forbid: [{backbone: large}]": (7, "leaves dcn a place"),
    "forbid: [{backbone: small, width: 2}]": (7, "the default point"),
    "forbid:\n- {width: 4}\n- {backbone: small, dcn: v1}": (9, "never active together: take it out"),
    "forbid: [{width: 4}]\nknown: [{width: 1}, {width: 4}]": (8, "line 7 forbids width in [4]"),
}


@pytest.mark.parametrize("text", PLANTED)
def test_a_planted_fault_names_file_and_line(faults_of: FaultsOf, text: str) -> None:
    line, words = PLANTED[text]
    faults = faults_of(TRAIN + text + "\n")
    assert f"received planted.yaml:{line}: " in faults[0]
    assert words in faults[0]


def test_a_continuum_is_not_forbidden_by_value(faults_of: FaultsOf) -> None:
    (fault,) = faults_of("train: {lr: {range: [0, 1]}}\nforbid: [{lr: 0.5}]\n")
    assert "separate values" in fault


@given(st.lists(st.integers(1, 3), min_size=2, max_size=4), st.data())
def test_counting_agrees_with_listing(sizes: list[int], data: st.DataObject) -> None:
    dimensions = []
    for index, size in enumerate(sizes):
        parent = data.draw(st.sampled_from([None, *range(index)]))
        when = () if parent is None else (Condition(f"k{parent}", (data.draw(st.integers(1, sizes[parent])),)),)
        dimensions.append(Dimension(f"k{index}", IntRange(1, size), when))
    keys = st.lists(st.sampled_from(range(len(sizes))), min_size=1, max_size=2, unique=True)
    clauses = data.draw(st.lists(keys, max_size=3))
    forbid = tuple(tuple(Condition(f"k{key}", _values(data, sizes[key])) for key in clause) for clause in clauses)
    space = Space("s", "fake", "voc50", tuple(dimensions), forbid=forbid)
    assert distinct_points(space) == len(list(every_point(space)))


def _values(data: st.DataObject, size: int) -> tuple[Value, ...]:
    return tuple(data.draw(st.lists(st.integers(1, size), min_size=1, max_size=size, unique=True)))
