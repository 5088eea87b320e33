"""Spaces that ship beside Cascade R-CNN's: both profiles load, and nothing that they search is out of place."""

import pytest

from search_spaces.loading import load_space, profile_names
from trainables.catalogue import DETECTORS

SPACES = ("faster", "fcos", "fcostd", "reppoints", "rtmdet")


@pytest.mark.parametrize("profile", ["full", "demo"])
@pytest.mark.parametrize("name", SPACES)
def test_it_loads_in_both_profiles(name: str, profile: str) -> None:
    space = load_space(name, DETECTORS, profile)
    assert space.name == name and space.detector.startswith(name)
    assert profile_names(name) == ("full", "demo")


@pytest.mark.parametrize("name", ["fcos", "fcostd", "reppoints"])
def test_the_logs_rows_are_tried_first(name: str) -> None:
    assert load_space(name, DETECTORS, "full").known
