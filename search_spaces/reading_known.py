"""The `known` list of a space file -> complete points that the search tries first.

A known point may leave keys out; it may not leave the space.
"""

from collections.abc import Mapping, Sequence

from search_spaces.domains import Value
from search_spaces.faults import Faults, suggestion
from search_spaces.points import complete_point
from search_spaces.reading_dimensions import Specs
from search_spaces.reading_values import checked_value
from search_spaces.space import Dimension
from search_spaces.yaml_nodes import Entry, ListNode, MapNode, Node, ScalarNode


def read_known(
    node: Node | None, dimensions: Sequence[Dimension], unread: frozenset[str], specs: Specs, faults: Faults
) -> tuple[tuple[int, dict[str, Value]], ...]:
    """The `known` list: line and complete point of each; keys that a point leaves out take the space's default.

    Args:
        node: the list.
        dimensions: keys of `train`, parents first.
        unread: keys of `train` that a fault kept out of `dimensions`; what is said of them here is not checked.
        specs: the detector's train parameters.
        faults: where faults are noted.
    """
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        return ()
    if not isinstance(node, ListNode):
        faults.add(node.line, "known is a list of points", node.shown(), "write known: [{key: value}]")
        return ()
    points = []
    for item in node.items:
        point = _read_point(item, dimensions, unread, specs, faults)
        if point is not None:
            points.append((item.line, point))
    return tuple(points)


def _read_point(
    item: Node, dimensions: Sequence[Dimension], unread: frozenset[str], specs: Specs, faults: Faults
) -> dict[str, Value] | None:
    if not isinstance(item, MapNode):
        faults.add(item.line, "a known point is a mapping", item.shown(), "write {key: value}")
        return None
    found = faults.count()
    domains = {dimension.name: dimension for dimension in dimensions}
    given: dict[str, Value] = {}
    for entry in item.entries:
        value = _read_coordinate(entry, domains, unread, specs, faults)
        if value is not None:
            given[entry.key] = value
    if unread or faults.count() > found:
        return None
    point = complete_point(dimensions, given)
    for entry in item.entries:
        if entry.key not in point:
            when = " and ".join(f"{c.key} in {list(c.values)}" for c in domains[entry.key].when)
            rule = f"a known point gives active keys only; {entry.key} is active when {when}"
            faults.add(entry.line, rule, item.shown(), f"remove {entry.key}, or change what it depends on")
    return point


def _read_coordinate(
    entry: Entry, dimensions: Mapping[str, Dimension], unread: frozenset[str], specs: Specs, faults: Faults
) -> Value | None:
    if entry.key in unread:
        return None
    dimension = dimensions.get(entry.key)
    if dimension is None:
        remedy = suggestion(entry.key, {*dimensions, *unread})
        faults.add(entry.line, f"a known point gives keys of train, {entry.key} is none", entry.shown(), remedy)
        return None
    value = checked_value(specs[entry.key], entry.value, faults)
    if value is not None and not dimension.domain.contains(value):
        rule = f"a known point lies inside the space; {entry.key} cannot be {entry.value.shown()}"
        faults.add(entry.line, rule, entry.shown(), f"add the value to train.{entry.key}, or change the point")
    return value
