"""The ways in which a space's conditions and forbidden combinations can come out, without listing its points.

Only the values that a condition or a forbidden combination names are told apart; all others of a key share one branch.
`points` counts with this; nothing here draws or reads.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from search_spaces.domains import Value, same_value
from search_spaces.space import Clause, Dimension

# Branches looked through, and conditions looked at, before a space is "too tangled"; about a tenth of a second.
MAX_OUTCOMES = 2000
MAX_STEPS = 100_000

# Stands for all values of a key that nothing names.
_OTHER = object()


class TooTangledError(Exception):
    """More outcomes than are worth looking through."""


@dataclass(frozen=True)
class Outcome:
    """One way in which the conditions come out.

    Attributes:
        points: how many points lie behind it, infinite for a continuum.
        active: labels of the active dimensions.
    """

    points: float
    active: tuple[str, ...]


@dataclass(frozen=True)
class _Branch:
    """Dimensions before `index` decided."""

    index: int
    point: dict[str, object]
    points: float
    active: tuple[str, ...]


def outcomes(dimensions: Sequence[Dimension], forbid: Sequence[Clause] = ()) -> Iterator[Outcome]:
    """Each outcome that no forbidden combination holds in.

    Args:
        dimensions: parents before children.
        forbid: forbidden combinations.

    Raises:
        TooTangledError: there are too many.
    """
    named = _named_values(dimensions, forbid)
    checks = _clauses_by_last_key(dimensions, forbid)
    stack = [_Branch(0, {}, 1, ())]
    finished = steps = 0
    while stack:
        branch = stack.pop()
        clauses = checks.get(branch.index - 1, ())
        steps += 1 + sum(len(clause) for clause in clauses)
        if finished + len(stack) > MAX_OUTCOMES or steps > MAX_STEPS:
            raise TooTangledError
        if any(all(condition.holds(branch.point) for condition in clause) for clause in clauses):
            finished += 1
        elif branch.index == len(dimensions):
            finished += 1
            yield Outcome(branch.points, branch.active)
        else:
            stack.extend(_next_branches(branch, dimensions[branch.index], named))


def _next_branches(branch: _Branch, dimension: Dimension, named: dict[str, list[Value]]) -> Iterator[_Branch]:
    if not all(condition.holds(branch.point) for condition in dimension.when):
        yield _Branch(branch.index + 1, branch.point, branch.points, branch.active)
        return
    active = (*branch.active, dimension.label)
    for value, count in _values(dimension, named.get(dimension.name, [])):
        point = {**branch.point, dimension.name: value}
        yield _Branch(branch.index + 1, point, branch.points * count, active)


def _values(dimension: Dimension, named: Sequence[Value]) -> list[tuple[object, float]]:
    inside = [value for value in named if dimension.domain.contains(value)]
    size = dimension.domain.size()
    rest = math.inf if size is None else size - len(inside)
    single: list[tuple[object, float]] = [(value, 1) for value in inside]
    return [*single, (_OTHER, rest)] if rest > 0 else single


def _named_values(dimensions: Sequence[Dimension], forbid: Sequence[Clause]) -> dict[str, list[Value]]:
    named: dict[str, list[Value]] = {}
    for clause in (*(dimension.when for dimension in dimensions), *forbid):
        for condition in clause:
            values = named.setdefault(condition.key, [])
            values.extend(one for one in condition.values if not any(same_value(one, other) for other in values))
    return named


def _clauses_by_last_key(dimensions: Sequence[Dimension], forbid: Sequence[Clause]) -> dict[int, list[Clause]]:
    """Clauses by the place of the last dimension that they look at, from which on they are decided."""
    last = {dimension.name: place for place, dimension in enumerate(dimensions)}
    found: dict[int, list[Clause]] = {}
    for clause in forbid:
        found.setdefault(max(last.get(condition.key, 0) for condition in clause), []).append(clause)
    return found
