"""The sets of values that one key of a search space may take.

A domain says whether it contains a value, how many values it has, and which one stands for it when nobody chose.
It does not know its key's name, conditions, or Optuna.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Value = bool | int | float | str

# Share of a step by which a float may miss its grid: far above rounding, far below any step worth searching.
STEP_TOLERANCE = 1e-8


def same_value(left: object, right: object) -> bool:
    """Equality that keeps `True`, `1` and `1.0` apart, as a space file does."""
    return type(left) is type(right) and left == right


def is_number(value: object) -> bool:
    """True for whole and floating numbers, false for truth values."""
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True)
class Fixed:
    """A single value: the key is part of every point and is not searched."""

    value: Value

    def contains(self, value: object) -> bool:
        """True for the fixed value."""
        return same_value(value, self.value)

    def size(self) -> int | None:
        """Always one."""
        return 1

    def values(self) -> Sequence[Value]:
        """The fixed value alone."""
        return (self.value,)

    def default(self) -> Value:
        """The fixed value."""
        return self.value


@dataclass(frozen=True)
class Choice:
    """One of several values without an order; `options` holds no value twice and is not empty."""

    options: tuple[Value, ...]

    def contains(self, value: object) -> bool:
        """True for one of the options, of the same type."""
        return any(same_value(value, option) for option in self.options)

    def size(self) -> int | None:
        """Number of options."""
        return len(self.options)

    def values(self) -> Sequence[Value]:
        """The options."""
        return self.options

    def default(self) -> Value:
        """The first option."""
        return self.options[0]


@dataclass(frozen=True)
class IntRange:
    """Whole numbers `low, low + step, ..., high`; with `log`, drawn evenly on a logarithmic scale (step 1)."""

    low: int
    high: int
    step: int = 1
    log: bool = False

    def contains(self, value: object) -> bool:
        """True for a whole number on the grid."""
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        return self.low <= value <= self.high and (value - self.low) % self.step == 0

    def size(self) -> int | None:
        """Number of grid points."""
        return (self.high - self.low) // self.step + 1

    def values(self) -> Sequence[Value]:
        """The grid, ascending."""
        return range(self.low, self.high + 1, self.step)

    def default(self) -> Value:
        """The grid's middle: arithmetic, or geometric with `log`."""
        if self.log:
            return min(max(round(math.sqrt(self.low * self.high)), self.low), self.high)
        return self.low + self.step * ((self.high - self.low) // self.step // 2)


@dataclass(frozen=True)
class FloatRange:
    """Numbers from `low` to `high`, both included; on a grid when `step` is given, logarithmic with `log`."""

    low: float
    high: float
    step: float | None = None
    log: bool = False

    def contains(self, value: object) -> bool:
        """True for a number inside, and on the grid to within rounding."""
        if not isinstance(value, int | float) or isinstance(value, bool) or not self.low <= value <= self.high:
            return False
        if self.step is None:
            return True
        steps = (value - self.low) / self.step
        return abs(steps - round(steps)) < STEP_TOLERANCE

    def size(self) -> int | None:
        """Number of grid points, None for a continuum."""
        if self.low == self.high:
            return 1
        return None if self.step is None else self._steps() + 1

    def values(self) -> Sequence[Value]:
        """The grid, ascending.

        Raises:
            ValueError: the range is a continuum.
        """
        if self.size() is None:
            raise ValueError(f"only a grid has values to list, {self} is a continuum; give it a step")
        return [tidy(self.low + index * (self.step or 0.0)) for index in range(self._steps() + 1)]

    def default(self) -> Value:
        """The middle: arithmetic (on the grid), or geometric with `log`."""
        if self.log:
            return min(max(math.sqrt(self.low * self.high), self.low), self.high)
        if self.step is None:
            return self.low + (self.high - self.low) / 2
        return tidy(min(self.low + self.step * (self._steps() // 2), self.high))

    def on_grid(self, value: float) -> float:
        """The value as `values` lists it: the grid's nearest to one that lies on it but for rounding."""
        if self.step is None:
            return value
        return tidy(self.low + round((value - self.low) / self.step) * self.step)

    def _steps(self) -> int:
        return 0 if self.step is None else round((self.high - self.low) / self.step)


Domain = Fixed | Choice | IntRange | FloatRange


def tidy(value: float) -> float:
    """A grid value without the digits that adding steps left behind: 0.30000000000000004 becomes 0.3."""
    return float(f"{value:.12g}")
