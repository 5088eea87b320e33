import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.spaces import check_sampler, with_classes
from results.boxes import Category
from results.errors import InputError
from search_spaces.loading import load_space
from search_spaces.space import Space
from trainables.catalogue import DETECTORS

Loaded = Callable[[str], tuple[Space, str]]
DATA = (Category(2, "a"), Category(5, "b"), Category(99, "other"))


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    def load(train: str) -> tuple[Space, str]:
        file = tmp_path / "space.yaml"
        file.write_text(f"detector: cascade_rcnn\nrule: bottle_round1\ntrain: {train}\n")
        return load_space(str(file), DETECTORS), str(file)

    return load


def class_keys(space: Space) -> list[str]:
    return [one.name for one in space.train if one.name.startswith("class_weights")]


def test_a_key_for_each_class_that_rule_and_data_share(loaded: Loaded) -> None:
    space, file = loaded("{class_weights: {per_class: {range: [0.5, 2]}}}")
    assert class_keys(with_classes(space, file, "bottle_round1", DATA)) == ["class_weights.2", "class_weights.5"]
    assert class_keys(with_classes(space, file, "coco50", DATA))[-1] == "class_weights.99"
    assert len(class_keys(with_classes(space, file, "bottle_round1", ()))) == 10


def test_other_spaces_are_left_alone(loaded: Loaded) -> None:
    space, file = loaded("{class_weights: {range: [0.5, 2]}}")
    assert with_classes(space, file, "coco50", ()) is space


def test_classes_that_nobody_names_are_an_error(loaded: Loaded) -> None:
    space, file = loaded("{class_weights: {per_class: {range: [0.5, 2]}}}")
    with pytest.raises(InputError, match="which names none, and no data"):
        with_classes(space, file, "coco50", ())


def test_a_class_that_is_not_scored_is_named_with_its_line(loaded: Loaded) -> None:
    space, file = loaded("{class_weights.*: 1, class_weights.3: {range: [0.5, 2]}}")
    with pytest.raises(InputError, match=r"space\.yaml:3: .*choose from \[2, 5\]"):
        with_classes(space, file, "bottle_round1", DATA)


def test_a_sampler_whose_package_is_missing_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    check_sampler("tpe")
    with pytest.raises(InputError, match=r"pip install detection-search\[cmaes\]"):
        check_sampler("cmaes")
