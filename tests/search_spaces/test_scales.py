from collections.abc import Callable

import pytest

from search_spaces.domains import Choice
from search_spaces.space import Space

LoadText = Callable[..., Space]
FaultsOf = Callable[..., list[str]]


def options(load_text: LoadText, form: str) -> tuple[object, ...]:
    domain = load_text(f"train:\n  backbone: {form}\n").train[0].domain
    assert isinstance(domain, Choice)
    return domain.options


def test_both_sides_of_a_range_move_together(load_text: LoadText) -> None:
    form = "{range: [1000x600, 2000x1200], step: 250}"
    assert options(load_text, form) == ("1000x600", "1250x750", "1500x900", "1750x1050", "2000x1200")


def test_the_short_side_may_move_alone(load_text: LoadText) -> None:
    assert options(load_text, "{range: [1333x800, 1333x1200], step: 200}") == ("1333x800", "1333x1000", "1333x1200")


def test_a_long_side_has_each_ratio(load_text: LoadText) -> None:
    form = "{choice: {long: {range: [1000, 1500], step: 500}, ratio: [0.6, 0.75]}}"
    assert options(load_text, form) == ("1000x600", "1000x750", "1500x900", "1500x1125")


def test_a_training_range_grows_from_each_scale(load_text: LoadText) -> None:
    form = "{choice: {long: [1000, 2000], ratio: 0.6, up_to: [1, 1.25]}}"
    assert options(load_text, form) == ("1000x600", "1000x600..1250x750", "2000x1200", "2000x1200..2500x1500")


def test_equal_scales_are_one(load_text: LoadText) -> None:
    assert options(load_text, "{choice: {long: 100, ratio: [0.601, 0.602]}}") == ("100x60",)


def test_prediction_sweeps_linked_scales(load_text: LoadText) -> None:
    space = load_text("train: {lr: 1}\npredict: {scale: {sweep: {long: [100, 200], ratio: 0.5}}}\n")
    assert space.predict[0].values == ("100x50", "200x100")


PLANTED = {
    "{range: [1000x600, 2000x1200]}": "leads from end to end",
    "{range: [1000x600, 2000x1200], step: 300}": "a divisor of 1000",
    "{range: [1000x600, 2000x1200], step: 0.5}": "in whole pixels",
    "{range: [1000x600, 9000x5400], step: 1}": "at most 400",
    "{range: [2000x600, 1000x1200], step: 100}": "from small to large",
    "{range: [100x60, 100x60], step: 1}": "write the scale alone",
    "{log: [1000x600, 2000x1200]}": "has no log",
    "{range: [1000x600, big]}": "has no range",
    "{choice: {long: [1000]}}": "a long side and a ratio",
    "{choice: {long: 1000, ratio: 2}}": "ratio is a number from 0.01 to 1.0",
    "{choice: {long: 1000, ratoi: 0.5}}": "did you mean ratio?",
    "{choice: {long: {range: [1, 9]}, ratio: 0.5}}": "a range with a step",
    "{choice: {long: {range: [1, 1001], step: 1}, ratio: 0.5}}": "at most 400",
    "{choice: {long: {range: [1, 301], step: 1}, ratio: [0.5, 0.6]}}": "at most 400",
    "{choice: {long: wide, ratio: [x]}}": "long is a number",
}


@pytest.mark.parametrize("form", PLANTED)
def test_a_planted_fault_names_file_and_line(faults_of: FaultsOf, form: str) -> None:
    faults = faults_of(f"train:\n  backbone: {form}\n")
    assert "planted.yaml:4: " in faults[0]
    assert PLANTED[form] in faults[0]


def test_a_key_that_takes_no_scale_refuses_them(faults_of: FaultsOf) -> None:
    assert "lr is like 0.1" in faults_of("train:\n  lr: {choice: {long: 100, ratio: 0.5}}\n")[0]
