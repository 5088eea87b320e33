"""Spaces that ship beside Cascade R-CNN's: both profiles load, and nothing that they search is out of place."""

import pytest

from search_spaces.loading import load_space, profile_names
from trainables.catalogue import DETECTORS

SPACES = ("deformable_detr", "faster", "fcos", "fcostd", "freeanchor", "reppoints", "retinanet", "rtmdet")


@pytest.mark.parametrize("profile", ["full", "demo"])
@pytest.mark.parametrize("name", SPACES)
def test_it_loads_in_both_profiles(name: str, profile: str) -> None:
    space = load_space(name, DETECTORS, profile)
    assert space.name == name and space.detector.startswith(name)
    assert profile_names(name) == ("full", "demo")


def test_the_replayed_log_has_its_eight_rows() -> None:
    rows = load_space("log_replay", DETECTORS, "full").known
    assert [row["detector"] for row in rows] == [*["cascade_rcnn"] * 5, "fcos", "fcostd", "reppoints"]
    assert len({(row["lr"], row["train_scale"], row["epochs"]) for row in rows}) == 8
    assert [row.get("backbone") for row in rows[3:5]] == ["hrnet_w32", "resnext101_32x4d"]


@pytest.mark.parametrize("name", ["fcos", "fcostd", "reppoints"])
def test_the_logs_rows_are_tried_first(name: str) -> None:
    assert load_space(name, DETECTORS, "full").known
