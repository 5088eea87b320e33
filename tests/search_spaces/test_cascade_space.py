from search_spaces.domains import Fixed
from search_spaces.loading import load_space, profile_names
from search_spaces.points import default_point, distinct_points, point_faults
from search_spaces.space import MedianPruning, Space, SuccessiveHalving
from trainables.catalogue import DETECTORS


def cascade(profile: str) -> Space:
    return load_space("cascade.yaml", DETECTORS, profile)


def test_both_profiles_load_by_bare_name() -> None:
    assert profile_names("cascade") == ("full", "demo")
    assert load_space("cascade", DETECTORS) == cascade("full")


def test_the_log_settings_are_known_points() -> None:
    space = cascade("full")
    assert [point["lr"] for point in space.known] == [0.0025, 0.001, 0.01, 0.005]
    assert [point["epochs"] for point in space.known] == [12, 24, 14, 12]
    assert all(point_faults(space, point) == () for point in space.known)


def test_the_demo_is_small_and_conditionless() -> None:
    space = cascade("demo")
    point = default_point(space)
    assert (point["backbone"], point["base_channels"], point["epochs"]) == ("resnet18", 16, space.search.epochs)
    assert all(dimension.when == () for dimension in space.train)
    assert isinstance(space.search.pruner, MedianPruning)
    assert space.search.trials <= 10


def test_the_full_search_is_conditional_and_halved() -> None:
    space = cascade("full")
    assert isinstance(space.search.pruner, SuccessiveHalving)
    assert {dimension.name for dimension in space.train if dimension.when} == {"dcn", "lr_steps"}
    assert distinct_points(space) is None


def test_every_profile_searches_something() -> None:
    for profile in profile_names("cascade"):
        searched = [d.name for d in cascade(profile).train if not isinstance(d.domain, Fixed)]
        assert "lr" in searched
        assert len(searched) >= 4
