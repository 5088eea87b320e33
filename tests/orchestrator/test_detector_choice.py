"""A search over several detectors: each point's job is its own detector's, whatever the others' keys are."""

from pathlib import Path

import pytest
from tiny_search import Driven, write_data

from orchestrator.identity import identity_of
from orchestrator.jobs import JobFactory, complete_params, described_params
from orchestrator.neighbours import question_of
from orchestrator.options import parse_options
from orchestrator.repeats import Identity, Tried
from orchestrator.settings import Settings, resolve
from results.errors import InputError
from results.layout import RunLayout
from search_spaces.points import default_point, point_faults
from search_spaces.space import Space
from trainables.catalogue import DETECTORS

BOTH = """detector: {choice: [cascade_rcnn, fcos, rtmdet]}
rule: coco50
train: {lr: {log: [0.001, 0.1]}, head_samplers: {choice: [random, ohem]}, focal_gamma: {choice: [2.0, 1.5]}}
search: {epochs: 2, pruner: none, trials: 30}
known: [{detector: fcos, lr: 0.01}]
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "both.yaml"
    file.write_text(BOTH)
    return resolve(parse_options(["--space", str(file), "--data", str(write_data(tmp_path / "data"))]), None)


@pytest.fixture
def space(settings: Settings) -> Space:
    return settings.space


def test_a_point_is_completed_by_its_own_detector(space: Space) -> None:
    params = complete_params(space, {"detector": "fcos", "lr": 0.1, "focal_gamma": 1.5})
    assert set(params) == set(DETECTORS["fcos"].train)
    assert (params["focal_gamma"], params["tower_convs"]) == (1.5, DETECTORS["fcos"].train["tower_convs"].default)
    assert described_params(space, {"detector": "fcos", "lr": 0.1})["detector"] == "fcos"


def test_keys_of_another_detector_are_no_part_of_a_trial(space: Space) -> None:
    assert complete_params(space, {"detector": "rtmdet", "head_samplers": "ohem"}) == complete_params(
        space, {"detector": "rtmdet"}
    )


def test_a_search_asks_for_every_detector_and_each_trial_is_its_points(space: Space, tmp_path: Path) -> None:
    driven, make = Driven(space, tmp_path), JobFactory(space, RunLayout(tmp_path), None, "coco50", seed=0)
    asked = [driven.ask() for _ in range(12)]
    jobs = [make(one) for one in asked]
    assert asked[0].params["detector"] == "fcos"
    assert {job["detector"] for job in jobs} == {"cascade_rcnn", "fcos", "rtmdet"}
    for one, job in zip(asked, jobs, strict=True):
        assert not point_faults(space, one.params)
        assert job["detector"] == one.params["detector"] and set(job["params"]) == set(DETECTORS[job["detector"]].train)


def test_detectors_are_no_twins(settings: Settings) -> None:
    identity = identity_of(settings)
    names = {identity({"detector": name, "lr": 0.01}) for name in settings.space.detectors()}
    assert len(names) == 3


def test_the_dry_run_asks_about_the_detector_and_about_each_ones_keys(settings: Settings) -> None:
    question = question_of(settings, measure=False)
    keys = {key.name: [(question.jobs[a], question.jobs[b]) for a, b in key.pairs] for key in question.keys}
    assert [(a.detector, b.detector) for a, b in keys["detector"]] == [
        ("cascade_rcnn", "fcos"),
        ("cascade_rcnn", "rtmdet"),
    ]
    assert all(a.detector == b.detector == "fcos" for a, b in keys["train.focal_gamma"])
    assert default_point(settings.space)["detector"] == "cascade_rcnn"


CONFLICTING = """detector: {choice: [retinanet, rtmdet]}
rule: coco50
train: {pos_iou: {choice: [0.5, 0.3]}, neg_iou: {choice: [0.4, 0.2]}, batch_size: {choice: [2, 4]}}
search: {epochs: 2, pruner: none, trials: 30}
"""


class Identified(Driven):
    """A study that tells points apart by what they build."""

    def __init__(self, space: Space, folder: Path, identity: Identity) -> None:
        self._identity = identity
        super().__init__(space, folder)

    def tried(self, space: Space) -> Tried:
        return Tried(space, self._identity)


def test_values_that_exclude_each_other_are_never_handed_out(tmp_path: Path) -> None:
    file = tmp_path / "conflicting.yaml"
    file.write_text(CONFLICTING)
    settings = resolve(parse_options(["--space", str(file), "--data", str(write_data(tmp_path / "data"))]), None)
    space, identity = settings.space, identity_of(settings)
    driven = Identified(space, tmp_path, identity)
    asked = [driven.ask().params for _ in range(8)]
    assert driven.study.next() is None
    assert len({identity(point) for point in asked}) == 8
    assert sum(point["detector"] == "retinanet" for point in asked) == 6
    assert not any((point.get("pos_iou"), point.get("neg_iou")) == (0.3, 0.4) for point in asked)
    rejected = driven.events("rejected")
    assert rejected and {event["kind"] for event in rejected} == {"conflict"}
    assert "neg_iou (0.4) is at most pos_iou (0.3)" in rejected[0]["reason"]


def test_the_fake_detector_is_searched_alone(tmp_path: Path) -> None:
    file = tmp_path / "mixed.yaml"
    file.write_text("detector: {choice: [fcos, fake]}\nrule: coco50\ntrain: {x: {range: [0.0, 1.0]}}\n")
    with pytest.raises(InputError, match="search fake alone"):
        resolve(parse_options(["--space", str(file), "--data", str(write_data(tmp_path / "data"))]), None)
