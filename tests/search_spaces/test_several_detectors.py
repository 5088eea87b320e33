"""A space over several detectors: its key `detector`, and the keys that only some of them have."""

import dataclasses
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from fake_detector import FakeDetector, FakeParameter, read_configuration

from results.errors import InputErrors
from search_spaces.loading import load_space
from search_spaces.points import default_point, every_point, point_faults
from search_spaces.space import Condition, Space
from search_spaces.written_form import searched_sha, to_yaml


def _detector(**defaults: object) -> FakeDetector:
    shared = {"lr": 0.1, "width": 8}
    train = {name: FakeParameter(name, default) for name, default in (shared | defaults).items()}
    gain = {"gain": FakeParameter("gain", 0.0, needs=("dcn", "v1"))} if "dcn" in defaults else {}
    return FakeDetector(train=train, predict={"scale": FakeParameter("scale", "10x10"), **gain})


@dataclass(frozen=True)
class Word(FakeParameter):
    """One of several words."""

    words: tuple[str, ...] = ()

    def fault(self, value: object) -> str | None:
        return None if value in self.words else f"{self.name} is one of {', '.join(self.words)}; write one"


def _with_mode(*words: str) -> FakeDetector:
    own = _detector()
    return FakeDetector(train={**own.train, "mode": Word("mode", words[0], words=words)})


DETECTORS = {
    "lenient": _with_mode("fast", "slow"),
    "strict": _with_mode("fast"),
    "two_stage": _detector(rois=8),
    "dense": _detector(gamma=2.0),
    "points": _detector(gamma=1.0, points=9),
    "branched": _detector(dcn="none"),
    "config": FakeDetector(configured_by=read_configuration),
}
CHOICE = "detector: {choice: [two_stage, dense, points]}"
Load = Callable[..., Space]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load_text(train: str, head: str = CHOICE, more: str = "") -> Space:
        file = tmp_path / "several.yaml"
        file.write_text(f"{head}\nrule: coco\ntrain: {train}\n{more}\n")
        return load_space(str(file), DETECTORS)

    return load_text


def faults_of(load: Load, *arguments: str) -> str:
    with pytest.raises(InputErrors) as caught:
        load(*arguments)
    return str(caught.value)


def when_of(space: Space) -> dict[str, tuple[Condition, ...]]:
    return {one.label: one.when for one in space.train}


def test_a_key_is_active_where_its_detector_is_chosen(load: Load) -> None:
    space = load("{rois: {choice: [8, 9]}, gamma: {range: [1, 2]}, points: 4, width: 3}")
    assert when_of(space) == {
        "detector": (),
        "rois": (Condition("detector", ("two_stage",)),),
        "gamma": (Condition("detector", ("dense", "points")),),
        "points": (Condition("detector", ("points",)),),
        "width": (),
    }
    assert default_point(space) == {"detector": "two_stage", "rois": 8, "width": 3}


def test_points_hold_the_keys_of_their_own_detector(load: Load) -> None:
    space = load("{rois: {choice: [8, 9]}, gamma: {choice: [1, 2]}, points: {choice: [4, 5]}}")
    points = list(every_point(space))
    found = {name: list(group) for name, group in itertools.groupby(points, lambda one: str(one["detector"]))}
    assert {name: len(group) for name, group in found.items()} == {"two_stage": 2, "dense": 2, "points": 4}
    assert [space.detector_at(point) for point in points] == [point["detector"] for point in points]
    assert not any(point_faults(space, point) for point in points)
    assert point_faults(space, {"detector": "dense", "gamma": 1, "rois": 8})


def test_a_group_gives_one_detector_values_of_its_own(load: Load) -> None:
    own = "own: {when: {detector: [points]}, lr: {log: [20, 90]}}"
    space = load("{lr: {log: [1, 9], when: {detector: [two_stage, dense]}}, " + own + "}")
    assert when_of(space)["own.lr"] == (Condition("detector", ("points",)),)


def test_a_condition_on_a_detector_that_lacks_the_key_cannot_hold(load: Load) -> None:
    assert "the conditions of points can hold together" in faults_of(
        load, "{points: {choice: [4, 5], when: {detector: [dense]}}}"
    )


def test_known_points_and_forbidden_combinations_name_detectors(load: Load) -> None:
    more = "known: [{detector: points, points: 5}]\nforbid: [{detector: dense, width: 2}]"
    space = load("{points: {choice: [4, 5]}, width: {choice: [1, 2]}}", CHOICE, more)
    assert space.known == ({"detector": "points", "points": 5, "width": 1},)
    assert {"detector": "dense", "width": 2} not in list(every_point(space))


def test_it_survives_writing(load: Load, tmp_path: Path) -> None:
    space = load("{gamma: {range: [1, 2]}, points: {choice: [4, 5], when: {width: [3]}}, width: {choice: [3, 4]}}")
    file = tmp_path / "again.yaml"
    file.write_text(to_yaml(space))
    assert dataclasses.replace(load_space(str(file), DETECTORS), name="several") == space
    assert searched_sha(space) != searched_sha(load("{width: 3}"))


def test_values_suit_every_detector_that_its_conditions_allow(load: Load) -> None:
    assert "gamma is from 0 to 100" in faults_of(load, "{gamma: 200.0}")
    strict = "{mode: {choice: [fast, slow]}}"
    assert "for strict mode is one of fast" in faults_of(load, strict, "detector: {choice: [lenient, strict]}")
    apart = "{a: {when: {detector: [strict]}, mode: fast}, b: {when: {detector: [lenient]}, mode: slow}}"
    assert len(load(apart, "detector: {choice: [lenient, strict]}").train) == 3


def test_a_combination_is_refused_with_the_name_of_its_detector(load: Load) -> None:
    text = "{lr: 1, width: 3, own: {when: {detector: [points]}, gamma: 2}}"
    assert load(text).detectors() == ("two_stage", "dense", "points")
    assert "the default point of two_stage" in faults_of(load, "{lr: 99, width: 99}")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("detector: {choice: [two_stage, dens]}", "did you mean dense?"),
        ("detector: [two_stage, dense]", "or for several detector: {choice: [...]}"),
        ("detector: {choice: [two_stage, config]}", "detector: config stands alone"),
        ("detector: {choice: [dense, dense]}", "choice names each value once"),
        ("detector: {log: [dense, points]}", "detector is no number and has no log"),
        ("detector: {choice: [dense, points], when: {width: [8]}}", "detector has no when"),
        ("detector: {choice: [dense, points]}\nconfig: net.py", "config belongs to detector: config"),
    ],
)
def test_what_is_no_choice_of_detectors_is_refused(load: Load, head: str, expected: str) -> None:
    assert expected in faults_of(load, "{width: {choice: [8, 9]}}", head)


def test_a_predict_key_that_needs_a_train_key_is_swept_where_one_detector_has_it(load: Load) -> None:
    head, swept = "detector: {choice: [dense, branched]}", "predict: {gain: {sweep: [0.0, 1.0]}}"
    assert load("{dcn: {choice: [none, v1]}}", head, swept).predict[0].name == "gain"
    assert "does nothing without dcn: v1" in faults_of(load, "{dcn: none}", head, swept)
    assert "predict has no key gain" in faults_of(load, "{lr: 1.0}", "detector: {choice: [dense, points]}", swept)
