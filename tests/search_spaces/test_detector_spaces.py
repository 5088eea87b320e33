"""Spaces that ship beside Cascade R-CNN's: both profiles load, and nothing that they search is out of place."""

import pytest

from search_spaces.loading import load_space, profile_names
from search_spaces.points import default_point, point_faults
from trainables.catalogue import DETECTORS

SPACES = ("deformable_detr", "faster", "fcos", "fcostd", "freeanchor", "reppoints", "retinanet", "rtmdet")


@pytest.mark.parametrize("profile", ["full", "demo"])
@pytest.mark.parametrize("name", SPACES)
def test_it_loads_in_both_profiles(name: str, profile: str) -> None:
    space = load_space(name, DETECTORS, profile)
    assert space.name == name and space.detector.startswith(name)
    assert profile_names(name) == ("full", "demo")


def test_everything_names_all_that_the_catalogue_lets_vary() -> None:
    space = load_space("everything", DETECTORS, "full")
    detectors = {name: one for name, one in DETECTORS.items() if one.reads_data and one.configured_by is None}
    assert set(space.detectors()) == set(detectors)
    named = {one.name for one in space.train} | {f"predict.{one.name}" for one in space.predict}
    lets_vary = {name for one in detectors.values() for name in one.train}
    lets_vary |= {f"predict.{name}" for one in detectors.values() for name in one.predict}
    assert lets_vary - named == set()


def test_the_replayed_log_has_its_eight_rows() -> None:
    rows = load_space("log_replay", DETECTORS, "full").known
    assert [row["detector"] for row in rows] == [*["cascade_rcnn"] * 5, "fcos", "fcostd", "reppoints"]
    assert len({(row["lr"], row["train_scale"], row["epochs"]) for row in rows}) == 8
    assert [row.get("backbone") for row in rows[3:5]] == ["hrnet_w32", "resnext101_32x4d"]


HRNET = {"backbone": "hrnet_w32", "neck": "hrfpn", "train_scale": "2048x1000..2048x1200", "lr": 0.00125}
X101 = {"backbone": "resnext101_32x4d", "stage_ious": "0.4,0.5,0.6", "stage_neg_ious": "0.3", "head_samplers": "ohem"}
CASCADES = [
    ("cascade_hrnet", {**HRNET, "batch_size": 1, "lr_steps": "4,9", "epochs": 18}, "2048x1200"),
    ("cascade_x101", {**X101, "lr": 0.005, "batch_size": 4, "lr_steps": "12", "epochs": 12}, "1333x1000"),
]


@pytest.mark.parametrize(("name", "row", "test_scale"), CASCADES)
def test_the_logs_other_cascades_have_spaces_of_their_own(name: str, row: dict[str, object], test_scale: str) -> None:
    space = load_space(name, DETECTORS, "full")
    assert row.items() <= space.known[0].items()
    assert next(one.values[0] for one in space.predict if one.name == "scale") == test_scale
    assert all(point_faults(space, point) == () for point in space.known)


@pytest.mark.parametrize(
    ("name", "backbone", "own"),
    [
        ("cascade_hrnet", "hrnet_w18", {"neck": "hrfpn"}),
        ("cascade_x101", "resnext101_32x4d", {"head_samplers": "ohem"}),
    ],
)
def test_their_demonstrations_keep_what_is_their_own(name: str, backbone: str, own: dict[str, object]) -> None:
    space = load_space(name, DETECTORS, "demo")
    assert {"backbone": backbone, "base_channels": 16, **own}.items() <= default_point(space).items()
    assert space.search.trials * space.search.epochs <= 36


@pytest.mark.parametrize("name", ["fcos", "fcostd", "reppoints"])
def test_the_logs_rows_are_tried_first(name: str) -> None:
    assert load_space(name, DETECTORS, "full").known
