import pytest

from search_spaces.loading import load_space, profile_names
from search_spaces.points import default_point, distinct_points
from trainables.catalogue import DETECTORS
from trainables.fake_problems import PROBLEMS


@pytest.mark.parametrize("profile", profile_names("fake"))
def test_every_profile_is_the_problem_of_its_name(profile: str) -> None:
    space = load_space("fake", DETECTORS, profile)
    assert default_point(space)["problem"] == ("sphere" if profile in ("full", "demo") else profile)
    assert space.search.epochs == 10


def test_the_shipped_problems_are_all_but_the_trivial_one() -> None:
    assert set(PROBLEMS) - set(profile_names("fake")) == {"sphere", "parabola"}


def test_the_discrete_problem_has_924_points() -> None:
    assert distinct_points(load_space("fake", DETECTORS, "discrete")) == 924
