"""The `known` list of a space file -> complete points that the search tries first.

A known point may leave keys out, and may write them in groups as the file does; it may not leave the space.
"""

from collections.abc import Mapping

from results.faults import Faults
from results.nearest import suggestion
from results.yaml_nodes import Entry, ListNode, MapNode, Node, ScalarNode, as_scalar
from search_spaces.domains import FloatRange, Value
from search_spaces.paths import Leaf, leaves, named
from search_spaces.points import complete_point, is_active
from search_spaces.reading_dimensions import Keys
from search_spaces.reading_values import checked_value
from search_spaces.space import EACH_CLASS, Dimension, is_of_a_class

Points = tuple[tuple[int, dict[str, Value]], ...]


def read_known(node: Node | None, keys: Keys, faults: Faults) -> Points:
    """The `known` list: line and complete point of each; keys that a point leaves out take the space's default.

    Args:
        node: the list.
        keys: of the space.
        faults: where faults are noted.
    """
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        return ()
    if not isinstance(node, ListNode):
        faults.add(node.line, "known is a list of points", node.shown(), "write known: [{key: value}]")
        return ()
    reader = _PointReader(keys, faults)
    read = [(item.line, reader.read(item)) for item in node.items]
    return tuple((line, point) for line, point in read if point is not None)


class _PointReader:
    """Reads known points of one space."""

    def __init__(self, keys: Keys, faults: Faults) -> None:
        self._keys = keys
        self._faults = faults
        self._dimensions: dict[str, list[Dimension]] = {}
        for dimension in keys.dimensions:
            self._dimensions.setdefault(dimension.name, []).append(dimension)

    def read(self, item: Node) -> dict[str, Value] | None:
        """One point; None after a fault."""
        if not isinstance(item, MapNode):
            self._faults.add(item.line, "a known point is a mapping", item.shown(), "write {key: value}")
            return None
        found = self._faults.count()
        given: dict[str, Value] = {}
        written: dict[str, Entry] = {}
        for leaf in leaves(item.entries, lambda _path, _node: False, self._faults):
            for name, value in self._coordinates(leaf).items():
                first = written.setdefault(name, leaf.entry)
                if first is not leaf.entry:
                    rule = f"a known point gives {name} once"
                    self._faults.add(leaf.entry.line, rule, leaf.entry.shown(), "remove one of the two")
                given[name] = value
        if self._keys.broken or self._faults.count() > found:
            return None
        point = complete_point(self._keys.dimensions, given)
        for name, entry in written.items():
            self._settle(name, entry, point, item)
        return point

    def _coordinates(self, leaf: Leaf) -> Mapping[str, Value]:
        """The value under each name that the key stands for; a vector's own key stands for all of its classes."""
        names = self._names(leaf.path)
        if not names and named(leaf.path, self._keys.broken.__contains__) is None:
            remedy = suggestion(leaf.entry.key, {*self._dimensions, *self._keys.broken})
            rule = f"a known point gives keys of train, {leaf.path} is none"
            self._faults.add(leaf.entry.line, rule, leaf.entry.shown(), remedy)
        values = {name: self._value(name, leaf.entry) for name in names}
        return {name: value for name, value in values.items() if value is not None}

    def _names(self, path: str) -> tuple[str, ...]:
        found = named(path, self._dimensions.__contains__)
        if found is not None:
            return (found[1],)
        head, _, tail = path.rpartition(".")
        each = f"{head}.{EACH_CLASS}"
        if each in self._dimensions and tail.isdecimal():
            return (each,)  # the classes are not known yet; the value is checked all the same
        specs = self._keys.specs
        vectors = {name: name.rpartition(".")[0] for name in self._dimensions if is_of_a_class(name, specs[name])}
        found = named(path.removesuffix(f".{EACH_CLASS}"), lambda name: name in vectors.values())
        return () if found is None else tuple(name for name, vector in vectors.items() if vector == found[1])

    def _value(self, name: str, entry: Entry) -> Value | None:
        value = checked_value(self._keys.specs[name], as_scalar(entry.value), self._faults)
        if value is not None and not any(one.domain.contains(value) for one in self._dimensions[name]):
            self._refuse_value(name, entry)
            return None
        return value

    def _settle(self, name: str, entry: Entry, point: dict[str, Value], item: Node) -> None:
        """Checks a value against the dimension that is active, and puts it on that one's grid."""
        active = [one for one in self._dimensions[name] if is_active(one, point)]
        if not active:
            when = " or ".join(
                " and ".join(f"{c.key} in {list(c.values)}" for c in one.when) for one in self._dimensions[name]
            )
            rule = f"a known point gives active keys only; {name} is active when {when}"
            self._faults.add(entry.line, rule, item.shown(), f"remove {name}, or change what it depends on")
            return
        domain, value = active[0].domain, point[name]
        if not domain.contains(value):
            self._refuse_value(name, entry)
        elif isinstance(domain, FloatRange) and isinstance(value, float):
            point[name] = domain.on_grid(value)

    def _refuse_value(self, name: str, entry: Entry) -> None:
        rule = f"a known point lies inside the space; {name} cannot be {entry.value.shown()}"
        self._faults.add(entry.line, rule, entry.shown(), f"add the value to train.{name}, or change the point")
