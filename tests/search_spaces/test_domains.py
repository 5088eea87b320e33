import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.domains import Choice, Domain, Fixed, FloatRange, IntRange, same_value, tidy

DOMAINS: list[tuple[Domain, int | None, object]] = [
    (Fixed("a"), 1, "a"),
    (Choice(("x", "y", "z")), 3, "x"),
    (IntRange(1, 9, 2), 5, 5),
    (IntRange(1, 100, log=True), 100, 10),
    (FloatRange(0.0, 1.0), None, 0.5),
    (FloatRange(0.1, 0.7, 0.2), 4, 0.3),
    (FloatRange(0.01, 1.0, log=True), None, 0.1),
    (FloatRange(2.0, 2.0), 1, 2.0),
]


@pytest.mark.parametrize(("domain", "size", "default"), DOMAINS)
def test_size_and_default(domain: Domain, size: int | None, default: object) -> None:
    assert domain.size() == size
    assert domain.default() == pytest.approx(default) if isinstance(default, float) else domain.default() == default
    assert domain.contains(domain.default())


@pytest.mark.parametrize(
    ("domain", "outside"),
    [
        (Fixed(1), True),
        (Choice((1, 2)), 1.0),
        (IntRange(1, 9, 2), 4),
        (IntRange(0, 1), True),
        (IntRange(1, 9), 3.0),
        (FloatRange(0.0, 1.0), 1.0001),
        (FloatRange(0.1, 0.7, 0.2), 0.4),
        (FloatRange(0.0, 1.0), float("nan")),
        (FloatRange(0.0, 1.0), "0.5"),
    ],
)
def test_values_outside(domain: Domain, outside: object) -> None:
    assert not domain.contains(outside)


def test_truth_values_are_no_numbers() -> None:
    assert not same_value(True, 1)
    assert not same_value(1, 1.0)


def test_grid_values_lose_the_digits_of_addition() -> None:
    assert tidy(0.1 + 0.2) == 0.3


@given(st.floats(1e-6, 1e3), st.floats(1e-6, 1e3), st.booleans())
def test_the_middle_of_a_range_is_inside(one: float, other: float, log: bool) -> None:
    domain = FloatRange(min(one, other), max(one, other), log=log)
    assert domain.contains(domain.default())


@given(st.integers(1, 50), st.integers(1, 7), st.integers(0, 40))
def test_the_size_of_a_grid_is_what_it_contains(low: int, step: int, count: int) -> None:
    domain = IntRange(low, low + step * count, step)
    assert domain.size() == sum(domain.contains(value) for value in range(low - 1, domain.high + 2))
    assert domain.contains(domain.default())
