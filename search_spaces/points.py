"""Pure arithmetic on the points of a space: which keys are active, is a point inside, how many points there are.

A point maps every active key of the train tier to its value, and holds no other key. Nothing here draws at random
(`sampling` does) or reads a file.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product

from search_spaces.domains import Domain, Fixed, FloatRange, Value
from search_spaces.outcomes import TooTangledError, outcomes
from search_spaces.space import PREDICT, Clause, Dimension, Space

_MOST_TRIED = 10  # other values of a key, where the default is forbidden


def is_active(dimension: Dimension, point: Mapping[str, object]) -> bool:
    """Whether the key belongs to a point, given the values of the keys before it (absent ones are inactive)."""
    return all(condition.holds(point) for condition in dimension.when)


def is_forbidden(space: Space, point: Mapping[str, object]) -> bool:
    """Whether one of the space's forbidden combinations holds at a point."""
    return forbidden_by(space.forbid, point) is not None


def forbidden_by(forbid: Sequence[Clause], point: Mapping[str, object]) -> Clause | None:
    """The first combination that holds at a point, None when none does."""
    return next((clause for clause in forbid if all(condition.holds(point) for condition in clause)), None)


def active_dimensions(space: Space, point: Mapping[str, object]) -> tuple[Dimension, ...]:
    """The dimensions that are active at `point`, in the space's order; values of inactive parents are ignored."""
    seen: dict[str, object] = {}
    active = []
    for dimension in space.train:
        if is_active(dimension, seen):
            active.append(dimension)
            seen[dimension.name] = point.get(dimension.name)
    return tuple(active)


def active_keys(space: Space, point: Mapping[str, object]) -> tuple[str, ...]:
    """Names of the keys that are active at `point`, in the space's order."""
    return tuple(dimension.name for dimension in active_dimensions(space, point))


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


def point_with(space: Space, dimension: Dimension, value: Value) -> dict[str, Value] | None:
    """A point at which a key is active and has a value; None when none was found that is not forbidden.

    Other keys have their defaults, but for those that make the key active and those that keep the point allowed.
    """
    given = {**_activating(space, dimension), dimension.name: value}
    return _allowed_point(space, given, frozenset(given))


def _activating(space: Space, dimension: Dimension) -> dict[str, Value]:
    """Values of the keys that a key depends on, and of those they depend on."""
    values: dict[str, Value] = {}
    for condition in dimension.when:
        value = condition.values[0]
        parents = (one for one in space.train if one.name == condition.key and one.domain.contains(value))
        values |= {**_activating(space, next(parents)), condition.key: value}
    return values


def _allowed_point(space: Space, given: dict[str, Value], held: frozenset[str]) -> dict[str, Value] | None:
    """Completes a point; where it is forbidden, another value is tried for one key of the combination after another."""
    point = complete_point(space.train, given)
    clause = forbidden_by(space.forbid, point)
    if clause is None:
        return point
    for condition in (one for one in clause if one.key not in held):
        domain = next(one.domain for one in space.train if one.name == condition.key and is_active(one, point))
        for value in islice((one for one in domain.values() if not condition.holds({condition.key: one})), _MOST_TRIED):
            found = _allowed_point(space, {**given, condition.key: value}, held | {condition.key})
            if found is not None:
                return found
    return None


def point_faults(space: Space, point: Mapping[str, object]) -> tuple[str, ...]:
    """What keeps `point` from being a complete point of the space, one sentence each; empty when nothing does."""
    active = {dimension.name: dimension.domain for dimension in active_dimensions(space, point)}
    known = {dimension.name for dimension in space.train}
    missing = [f"{name} is active and has no value" for name in active if name not in point]
    inactive = [f"{name} is not active here" for name in point if name in known and name not in active]
    unknown = [f"{name} is not a key of the space" for name in point if name not in known]
    outside = [
        f"{name} does not take {point[name]!r}"
        for name, domain in active.items()
        if name in point and not domain.contains(point[name])
    ]
    clause = forbidden_by(space.forbid, point)
    forbidden = [] if clause is None else [f"{shown_clause(clause)} is forbidden"]
    return (*missing, *inactive, *unknown, *outside, *forbidden)


def shown_clause(clause: Clause) -> str:
    """A combination as a message shows it."""
    return " and ".join(f"{condition.key} in {list(condition.values)}" for condition in clause)


def distinct_points(space: Space) -> int | None:
    """Number of distinct points, None when a continuous key makes it infinite or it is too tangled to count."""
    try:
        total = sum(outcome.points for outcome in outcomes(space.train, space.forbid))
    except TooTangledError:
        return None
    return None if math.isinf(total) else int(total)


def every_point(space: Space) -> Iterator[dict[str, Value]]:
    """All points of a space in a fixed order, the first choices and low ends first; forbidden ones are left out.

    Raises:
        ValueError: a key is continuous.
    """
    return _points_from(space.train, space.forbid, {})


def combinations_of(space: Space, names: Sequence[str]) -> Iterator[dict[str, Value]]:
    """The points in which some keys take every value they can together, and the others their defaults.

    Of a continuum its ends and its middle stand for it.

    Args:
        space: the keys' space.
        names: of the keys; those that the space does not have are passed over.
    """
    values: dict[str, tuple[Value, ...]] = {}
    for dimension in space.train:
        if dimension.name in names:
            values[dimension.name] = (*values.get(dimension.name, ()), *_some_values(dimension.domain))
    seen: list[dict[str, Value]] = []
    for chosen in product(*values.values()):
        point = complete_point(space.train, dict(zip(values, chosen, strict=True)))
        if point not in seen and not point_faults(space, point):
            seen.append(point)
            yield point


def _some_values(domain: Domain) -> tuple[Value, ...]:
    if isinstance(domain, FloatRange) and domain.size() is None:
        return domain.low, domain.default(), domain.high
    return tuple(domain.values())


def _points_from(
    dimensions: Sequence[Dimension], forbid: Sequence[Clause], point: dict[str, Value]
) -> Iterator[dict[str, Value]]:
    if forbidden_by(forbid, point) is not None:
        return
    if not dimensions:
        yield point
    elif not is_active(dimensions[0], point):
        yield from _points_from(dimensions[1:], forbid, point)
    else:
        for value in dimensions[0].domain.values():
            yield from _points_from(dimensions[1:], forbid, {**point, dimensions[0].name: value})


def unreachable_labels(dimensions: Sequence[Dimension], forbid: Sequence[Clause] = ()) -> tuple[str, ...]:
    """Labels of keys that are active at no allowed point; empty when there are too many combinations to look at."""
    try:
        reached = {label for outcome in outcomes(dimensions, forbid) for label in outcome.active}
    except TooTangledError:
        return ()
    return tuple(dimension.label for dimension in dimensions if dimension.label not in reached)


def dead_clauses(dimensions: Sequence[Dimension], forbid: Sequence[Clause]) -> tuple[Clause, ...]:
    """Forbidden combinations that hold at no point; empty when there are too many combinations to look at."""
    # Each stands as a key that is active where it holds; no key of a space has such a name.
    probe_of = {f"forbid {place}": clause for place, clause in enumerate(forbid)}
    probes = [Dimension(name, Fixed(True), clause) for name, clause in probe_of.items()]
    unreached = unreachable_labels([*dimensions, *probes])
    return tuple(clause for name, clause in probe_of.items() if name in unreached)


def predict_settings(space: Space, point: Mapping[str, object]) -> tuple[dict[str, object], ...]:
    """The predict tier's settings of a point: every combination of the swept keys, the first values first.

    Searched jointly, the point holds them and there is one; without swept keys there is one empty setting.
    """
    names = [swept.name for swept in space.predict]
    own = {key.removeprefix(f"{PREDICT}."): value for key, value in point.items() if key.startswith(f"{PREDICT}.")}
    values = product(*(swept.values for swept in space.predict))
    return tuple({**dict(zip(names, chosen, strict=True)), **own} for chosen in values)
