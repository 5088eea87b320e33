"""Pure arithmetic on the points of a space: which keys are active, is a point inside, how many points there are.

A point maps every active key of the train tier to its value, and holds no other key. Nothing here draws at random
(`sampling` does) or reads a file.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from search_spaces.domains import Value, same_value
from search_spaces.space import Dimension, Space

# Combinations of condition values that are looked through one by one; spaces beyond that are "too many to count".
MAX_COMBINATIONS = 2000


def is_active(dimension: Dimension, point: Mapping[str, object]) -> bool:
    """Whether the key belongs to a point, given the values of the keys before it (absent ones are inactive)."""
    return all(
        condition.key in point and _among(point[condition.key], condition.values) for condition in dimension.when
    )


def active_keys(space: Space, point: Mapping[str, object]) -> tuple[str, ...]:
    """Names of the keys that are active at `point`, in the space's order; values of inactive parents are ignored."""
    seen: dict[str, object] = {}
    for dimension in space.train:
        if is_active(dimension, seen):
            seen[dimension.name] = point.get(dimension.name)
    return tuple(seen)


def complete_point(dimensions: Sequence[Dimension], given: Mapping[str, Value]) -> dict[str, Value]:
    """The given values of active keys, and each other active key's default.

    Args:
        dimensions: parents before children, as in `Space.train`.
        given: values by key; those of inactive keys are left out.
    """
    point: dict[str, Value] = {}
    for dimension in dimensions:
        if is_active(dimension, point):
            point[dimension.name] = given.get(dimension.name, dimension.domain.default())
    return point


def default_point(space: Space) -> dict[str, Value]:
    """First choice or middle of the range for every active key."""
    return complete_point(space.train, {})


def point_faults(space: Space, point: Mapping[str, object]) -> tuple[str, ...]:
    """What keeps `point` from being a complete point of the space, one sentence each; empty when nothing does."""
    active = active_keys(space, point)
    domains = {dimension.name: dimension.domain for dimension in space.train}
    missing = [f"{name} is active and has no value" for name in active if name not in point]
    inactive = [f"{name} is not active here" for name in point if name in domains and name not in active]
    unknown = [f"{name} is not a key of the space" for name in point if name not in domains]
    outside = [
        f"{name} does not take {point[name]!r}"
        for name in active
        if name in point and not domains[name].contains(point[name])
    ]
    return (*missing, *inactive, *unknown, *outside)


def distinct_points(space: Space) -> int | None:
    """Number of distinct points, None when a continuous key makes it infinite or it is too tangled to count."""
    try:
        total = sum(weight for weight, _ in _outcomes(space.train))
    except _TooManyError:
        return None
    return None if math.isinf(total) else int(total)


def every_point(space: Space) -> Iterator[dict[str, Value]]:
    """All points of a space in a fixed order, the first choices and low ends first.

    Raises:
        ValueError: a key is continuous.
    """
    return _points_from(space.train, {})


def _points_from(dimensions: Sequence[Dimension], point: dict[str, Value]) -> Iterator[dict[str, Value]]:
    if not dimensions:
        yield point
    elif not is_active(dimensions[0], point):
        yield from _points_from(dimensions[1:], point)
    else:
        for value in dimensions[0].domain.values():
            yield from _points_from(dimensions[1:], {**point, dimensions[0].name: value})


def unreachable_keys(dimensions: Sequence[Dimension]) -> tuple[str, ...]:
    """Keys whose conditions can never hold together; empty when there are too many combinations to look through."""
    try:
        reached = {name for _, active in _outcomes(dimensions) for name in active}
    except _TooManyError:
        return ()
    return tuple(dimension.name for dimension in dimensions if dimension.name not in reached)


def predict_settings(space: Space) -> tuple[dict[str, Value], ...]:
    """Every combination of the swept prediction keys, the first values first; one empty setting when none is swept."""
    names = [swept.name for swept in space.predict]
    return tuple(dict(zip(names, values, strict=True)) for values in product(*(s.values for s in space.predict)))


class _TooManyError(Exception):
    """More outcomes of the conditions than are worth looking through."""


# Stands for all values of a parent that no condition mentions.
_OTHER = object()


def _outcomes(dimensions: Sequence[Dimension]) -> Iterator[tuple[float, tuple[str, ...]]]:
    """Each way in which the conditions can come out: how many points lie behind it (inf for a continuum), active keys.

    Only keys that a condition looks at are branched on, and all their unmentioned values share one branch.
    """
    mentioned = _mentioned_values(dimensions)
    stack: list[tuple[int, dict[str, object], float]] = [(0, {}, 1)]
    outcomes = 0
    while stack:
        index, point, weight = stack.pop()
        if index == len(dimensions):
            outcomes += 1
            yield weight, tuple(point)
            continue
        if outcomes + len(stack) > MAX_COMBINATIONS:
            raise _TooManyError
        dimension = dimensions[index]
        if not is_active(dimension, point):
            stack.append((index + 1, point, weight))
            continue
        for value, count in _branches(dimension, mentioned.get(dimension.name, [])):
            stack.append((index + 1, {**point, dimension.name: value}, weight * count))


def _mentioned_values(dimensions: Sequence[Dimension]) -> dict[str, list[Value]]:
    mentioned: dict[str, list[Value]] = {}
    for condition in (condition for dimension in dimensions for condition in dimension.when):
        values = mentioned.setdefault(condition.key, [])
        values.extend(value for value in condition.values if not _among(value, values))
    return mentioned


def _branches(dimension: Dimension, mentioned: Sequence[Value]) -> list[tuple[object, float]]:
    inside = [value for value in mentioned if dimension.domain.contains(value)]
    size = dimension.domain.size()
    rest = math.inf if size is None else size - len(inside)
    single: list[tuple[object, float]] = [(value, 1) for value in inside]
    return [*single, (_OTHER, rest)] if rest > 0 else single


def _among(value: object, values: Sequence[Value]) -> bool:
    return any(same_value(value, other) for other in values)
