from collections.abc import Callable

import pytest

from search_spaces.domains import Fixed, FloatRange
from search_spaces.points import default_point
from search_spaces.space import Space
from search_spaces.written_form import to_yaml

LoadText = Callable[..., Space]
FaultsOf = Callable[..., list[str]]

TEXT = """train:
  lr: 1
  weights: {per_class: {range: [0, 2]}}
known: [{weights: 0.5}, {weights: {2: 0.25}}, {weights.7: 2}]
"""


def test_a_vector_has_a_key_for_every_class(load_text: LoadText) -> None:
    space = load_text(TEXT, classes=(2, 7))
    assert [one.name for one in space.train] == ["lr", "weights.2", "weights.7"]
    assert default_point(space) == {"lr": 1.0, "weights.2": 1.0, "weights.7": 1.0}
    assert [(p["weights.2"], p["weights.7"]) for p in space.known] == [(0.5, 0.5), (0.25, 1.0), (1.0, 2.0)]
    assert not space.has_open_classes()


def test_before_the_classes_are_known_it_is_one_key(load_text: LoadText) -> None:
    space = load_text(TEXT)
    assert [one.name for one in space.train] == ["lr", "weights.*"]
    assert space.has_open_classes()


@pytest.mark.parametrize("classes", [None, (2, 7)])
def test_both_forms_survive_writing(load_text: LoadText, classes: tuple[int, ...] | None) -> None:
    space = load_text(TEXT, classes=classes)
    assert load_text(to_yaml(space), head="") == space
    assert load_text(to_yaml(space), head="", classes=(2, 7)).train == load_text(TEXT, classes=(2, 7)).train


def test_single_classes_are_named(load_text: LoadText) -> None:
    space = load_text("train: {weights: {2: {range: [0, 1]}, 7: 3}}\n", classes=(1, 2, 7))
    assert {one.name: one.domain for one in space.train} == {"weights.2": FloatRange(0.0, 1.0), "weights.7": Fixed(3.0)}


def test_a_class_of_its_own_is_left_out_of_the_others(load_text: LoadText) -> None:
    space = load_text("train: {weights.*: {range: [0, 1]}, weights.7: 3}\n", classes=(1, 7))
    assert {one.name: one.domain for one in space.train} == {"weights.1": FloatRange(0.0, 1.0), "weights.7": Fixed(3.0)}


def test_a_vector_may_be_conditional_and_shared(load_text: LoadText) -> None:
    text = "train:\n  dcn: {choice: [a, b]}\n  weights: {per_class: {choice: [0, 1]}, when: {dcn: [b]}}\n"
    assert all(one.when for one in load_text(text, classes=(1, 2)).train[1:])
    assert [one.name for one in load_text("train: {weights: {choice: [0, 1]}}\n", classes=(1, 2)).train] == ["weights"]


PLANTED = {
    "train: {lr: {per_class: {range: [0, 1]}}}": "no key lr.*",
    "train: {weights: {per_class: {rnge: [0, 1]}}}": "no rnge",
    "train: {weights: {per_class: 1, choice: [1]}}": "per_class stands alone",
    "train: {weights: {per_class: {range: [0, 101]}}}": "from 0 to 100",
    "train: {weights: {3: 1}}": "scored category",
    "train: {weights: {two: 1}}": "no key weights.two",
    "train: {weights: {02: 1}}": "no key weights.02",
    "train: {weights: 1, weights.2: 3}": "for all classes or one for each",
    "train: {weights.2: {choice: [1, 2]}, dcn: {choice: [a], when: {weights.2: [1]}}}": "key of train",
    "train: {weights.2: {choice: [1, 2]}}\nforbid: [{weights.2: 1}]": "keys of train",
    "train: {weights.2: {choice: [1, 2]}}\nknown: [{weights.7: 1}]": "weights.7 is none",
    "train: {weights: {per_class: {choice: [1, 2]}}}\nknown: [{weights: 3}]": "cannot be 3",
}


@pytest.mark.parametrize("text", PLANTED)
def test_a_planted_fault_is_found(faults_of: FaultsOf, text: str) -> None:
    faults = faults_of(text + "\n", classes=(2, 7))
    assert PLANTED[text] in faults[0]
    assert "received planted.yaml:" in faults[0]


def test_classes_searched_one_by_one_are_few(faults_of: FaultsOf) -> None:
    (fault,) = faults_of("train: {weights: {per_class: {range: [0, 1]}}}\n", classes=range(101))
    assert "at most 100 classes" in fault
