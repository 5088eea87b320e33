import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_search import write_data, write_space

from orchestrator.identity import identity_of, terms_of
from orchestrator.options import parse_options
from orchestrator.settings import Settings, resolve
from search_spaces.points import default_point

Resolve = Callable[..., Settings]


@pytest.fixture
def resolved(tmp_path: Path) -> Resolve:
    """Settings of a Cascade R-CNN search on a tiny data set, its space's `train` as given."""

    def of(train: str = "{lr: {log: [0.001, 0.1]}}", data: str = "data", detector: str = "cascade_rcnn") -> Settings:
        space = tmp_path / "space.yaml"
        space.write_text(f"detector: {detector}\nrule: coco50\ntrain: {train}\n")
        if not (tmp_path / data).exists():
            write_data(tmp_path / data)
        return resolve(parse_options(["--space", str(space), "--data", str(tmp_path / data / "dataset.yaml")]), None)

    return of


def test_a_key_that_is_inert_beside_another_makes_no_other_trial(resolved: Resolve) -> None:
    identity = identity_of(resolved())
    adam = {"optimizer": "adamw", "schedule": "cosine"}
    assert identity({**adam, "momentum": 0.9}) == identity({**adam, "momentum": 0.5})
    assert identity({**adam, "lr_steps": "3"}) == identity({**adam, "lr_steps": "4"})
    assert identity({"optimizer": "sgd", "momentum": 0.9}) != identity({"optimizer": "sgd", "momentum": 0.5})


def test_what_a_point_leaves_out_is_the_default(resolved: Resolve) -> None:
    identity = identity_of(resolved())
    assert identity({}) == identity({"lr_steps": "8,11"})
    assert identity({}) != identity({"lr_steps": "8,10"})


def test_an_identity_holds_in_another_folder_and_not_on_other_data(resolved: Resolve, tmp_path: Path) -> None:
    here, there = identity_of(resolved())({}), identity_of(resolved(data="elsewhere"))({})
    assert here == there
    annotations = tmp_path / "elsewhere" / "train.json"
    annotations.write_text(annotations.read_text().replace("[1, 1, 4, 4]", "[1, 1, 4, 5]"))
    changed = resolved(data="elsewhere")
    assert identity_of(changed)({}) != here
    assert terms_of(changed) != terms_of(resolved())


def test_the_cheaper_tiers_are_part_of_it(resolved: Resolve, tmp_path: Path) -> None:
    settings = resolved()
    space = tmp_path / "space.yaml"
    told = identity_of(settings)({})
    for old, new in (
        ("rule: coco50", "rule: coco50\npost: {nms: [hard]}"),
        ("rule: coco50", "rule: coco50\npredict: {flip: true}"),
    ):
        text = space.read_text()
        space.write_text(text.replace(old, new))
        again = resolve(parse_options(["--space", str(space), "--data", str(tmp_path / "data/dataset.yaml")]), None)
        space.write_text(text)
        assert identity_of(again)({}) != told


def test_other_weights_under_one_name_are_another_start(resolved: Resolve, tmp_path: Path) -> None:
    weights = tmp_path / "start.pth"
    weights.write_bytes(b"1")
    identity = identity_of(resolved(f'{{init: "{weights}"}}'))
    point = {"init": str(weights)}
    first = identity(point)
    assert identity(point) == first
    weights.write_bytes(b"2")
    os.utime(weights, (1, 1))
    assert identity(point) != first


def test_the_fake_is_known_by_its_parameters(tmp_path: Path) -> None:
    settings = resolve(parse_options(["--space", str(write_space(tmp_path))]), None)
    identity = identity_of(settings)
    assert identity({"x": 0.5}) == identity({**default_point(settings.space), "x": 0.5})
    assert identity({"x": 0.5}) != identity({"x": 0.25})


def test_fitted_anchors_are_known_by_their_numbers(resolved: Resolve) -> None:
    train = "{anchor_ratios: {choice: [kmeans, '0.5,1,2']}}"
    here, there = identity_of(resolved(train)), identity_of(resolved(train, data="elsewhere"))
    assert here({"anchor_ratios": "kmeans"}) == there({"anchor_ratios": "kmeans"})
    assert here({"anchor_ratios": "kmeans"}) != here({"anchor_ratios": "0.5,1,2"})
