"""Predict keys that do nothing without a value of a train key: given in vain they are refused."""

from collections.abc import Callable

import pytest

from search_spaces.space import Space

LoadText = Callable[..., Space]
FaultsOf = Callable[..., list[str]]


@pytest.mark.parametrize(
    "predict", ["{gain: {sweep: [0.0, 1.0]}}", "{gain: 1.0}", "{search: joint, gain: {sweep: [0, 1]}}"]
)
@pytest.mark.parametrize("train", ["{}", "{dcn: none}", "{dcn: {choice: [none, v2]}}"])
def test_a_key_that_can_do_nothing_is_refused_at_its_line(faults_of: FaultsOf, train: str, predict: str) -> None:
    (fault,) = faults_of(f"train: {train}\npredict: {predict}\n")
    assert "predict.gain does nothing without dcn: v1" in fault
    assert "planted.yaml:4: gain" in fault
    assert "write dcn: v1 into train" in fault


@pytest.mark.parametrize("train", ["{dcn: v1}", "{dcn: {choice: [none, v1]}}"])
def test_a_key_that_can_do_something_is_taken(load_text: LoadText, train: str) -> None:
    space = load_text(f"train: {train}\npredict: {{gain: {{sweep: [0.0, 1.0]}}}}\n")
    assert space.predict[0].values == (0.0, 1.0)


def test_the_value_at_which_it_does_nothing_may_stand_anywhere(load_text: LoadText) -> None:
    assert load_text("train: {}\npredict: {gain: 0.0}\n").predict[0].values == (0.0,)
