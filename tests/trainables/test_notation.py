from collections.abc import Callable

import pytest

from results.errors import InputError
from trainables.notation import (
    ImageScale,
    parse_epochs,
    parse_numbers,
    parse_predict_scales,
    parse_scale,
    parse_train_scales,
)


def test_a_scale_is_long_by_short() -> None:
    scale = parse_scale("1333x800")
    assert (scale.width_px, scale.height_px) == (1333, 800)
    assert str(scale) == "1333x800"


def test_forms_of_train_scales() -> None:
    single = parse_train_scales("1333x800")
    ranged = parse_train_scales("2048x1000..2048x1200")
    listed = parse_train_scales("192x144|224x168")
    assert (len(single.scales), single.is_range) == (1, False)
    assert (ranged.largest(), ranged.is_range) == (ImageScale(2048, 1200), True)
    assert (listed.largest(), listed.is_range) == (ImageScale(224, 168), False)


def test_prediction_follows_the_largest_training_scale() -> None:
    assert parse_predict_scales("train", "192x144|224x168") == (ImageScale(224, 168),)
    assert parse_predict_scales("658x492", "192x144") == (ImageScale(658, 492),)


def test_several_scales_of_prediction_are_each_taken_once() -> None:
    assert parse_predict_scales("train|658x492|224x168", "224x168") == (ImageScale(224, 168), ImageScale(658, 492))


def test_lists() -> None:
    assert parse_numbers("0.5,1,2") == (0.5, 1.0, 2.0)
    assert parse_epochs("8,11") == (8, 11)
    assert parse_epochs("none") == ()


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_scale, "1333*800"),
        (parse_scale, "800x1333"),
        (parse_scale, "1333x8"),
        (parse_scale, "1333x99999"),
        (parse_scale, "1333x800\n"),
        (parse_train_scales, "2048x1200..2048x1000"),
        (parse_train_scales, "192x144|"),
        (parse_train_scales, "1333x800..1333x900..1333x1000"),
        (parse_numbers, ""),
        (parse_numbers, "1,,2"),
        (parse_numbers, "0,1"),
        (parse_numbers, "nan"),
        (parse_numbers, "inf"),
        (parse_epochs, "11,8"),
        (parse_epochs, "8.5"),
    ],
)
def test_other_forms_are_refused_with_a_remedy(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(InputError, match="write"):
        parse(text)
