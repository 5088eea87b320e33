"""Keys of a space file that have been read, their conditions not yet; and the reader of the section `train`.

A key of `train` is a parameter of the detector, alone or in groups; a vector's key may name a class or stand for each.
Conditions and the order of keys are `reading_dimensions`' business.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from results.faults import Faults
from results.nearest import suggestion
from results.yaml_nodes import Entry, MapNode, Node
from search_spaces.domains import Domain
from search_spaces.paths import WHEN, Leaf, leaves, named
from search_spaces.reading_domains import PER_CLASS, is_domain, read_domain
from search_spaces.reading_values import entries_of
from search_spaces.space import DETECTOR, EACH_CLASS, PREDICT, SET, TRAIN, ParameterSpec

Specs = Mapping[str, ParameterSpec]
Classes = Sequence[int] | None

MAX_CLASSES = 100  # that a vector is searched for one by one
_CATEGORY_ID = re.compile(r"(0|[1-9][0-9]{0,8})\Z")


@dataclass(frozen=True)
class Draft:
    """A key that has been read, its conditions not yet.

    Attributes:
        place: section, groups and name, as of the `Dimension` it becomes.
        spec: the parameter that it sets.
        entry: as written.
        domain: what it takes.
        when: the conditions of its groups and its own.
    """

    place: tuple[str, str, str]
    spec: ParameterSpec
    entry: Entry
    domain: Domain
    when: tuple[Node, ...] = ()

    @property
    def name(self) -> str:
        """Its key in a point."""
        return self.place[2]

    @property
    def label(self) -> str:
        """As of the `Dimension` it becomes."""
        _, group, name = self.place
        return f"{group}.{name}" if group else name


@dataclass(frozen=True)
class Drafts:
    """What was read of a section, and the names of the keys that a fault kept out."""

    kept: tuple[Draft, ...] = ()
    broken: frozenset[str] = frozenset()

    def __add__(self, other: "Drafts") -> "Drafts":
        return Drafts((*self.kept, *other.kept), self.broken | other.broken)


def read_draft(leaf: Leaf, place: tuple[str, str, str], spec: ParameterSpec, faults: Faults) -> Drafts:
    """One key, whose section, groups and name are known."""
    domain = read_domain(leaf.entry, spec, faults)
    if domain is None:
        return Drafts(broken=frozenset({place[2]}))
    own = leaf.entry.value.find(WHEN) if isinstance(leaf.entry.value, MapNode) else None
    when = leaf.when if own is None else (*leaf.when, own.value)
    return Drafts((Draft(place, spec, leaf.entry, domain, when),))


class TrainReader:
    """Reads the section `train`.

    Args:
        specs: the detector's train parameters.
        classes: category ids that vectors have values for; None where they are not known yet.
        faults: where faults are noted.
    """

    def __init__(self, specs: Specs, classes: Classes, faults: Faults) -> None:
        self._specs = specs
        self._classes = classes
        self._faults = faults

    def read(self, node: Node | None) -> Drafts:
        """The section's good keys, and the names of the others."""
        drafts = Drafts()
        written = list(leaves(entries_of(node, TRAIN, self._faults), self._is_value, self._faults))
        spread = [self._spread(leaf) for leaf in written]
        explicit = frozenset(leaf.path for leaf in spread)
        for leaf in spread:
            for one in self._each_class(leaf, explicit):
                drafts += self._read_leaf(one)
        return drafts

    def _is_value(self, path: str, node: Node) -> bool:
        found = named(path, self._specs.__contains__)
        return is_domain(node) or (found is not None and not self._specs[found[1]].per_class)

    def _spread(self, leaf: Leaf) -> Leaf:
        """`class_weights: {per_class: {...}}` as `class_weights.*: {...}`; other keys as they are."""
        node = leaf.entry.value
        inner = node.find(PER_CLASS) if isinstance(node, MapNode) else None
        if inner is None or not isinstance(node, MapNode):
            return leaf
        beside = tuple(one for one in node.entries if one.key == WHEN)
        for one in node.entries:
            if one.key not in (PER_CLASS, WHEN):
                self._faults.add(one.line, f"{PER_CLASS} stands alone", one.shown(), f"move it into {PER_CLASS}")
        below = inner.value
        if isinstance(below, MapNode):
            below = MapNode((*below.entries, *beside), below.line)
        return Leaf(f"{leaf.path}.{EACH_CLASS}", replace(leaf.entry, value=below), leaf.when)

    def _each_class(self, leaf: Leaf, explicit: frozenset[str]) -> list[Leaf]:
        """The key for every class whose own key is not given; the key itself while the classes are not known."""
        head, _, tail = leaf.path.rpartition(".")
        if tail != EACH_CLASS or self._classes is None or named(leaf.path, self._has) is None:
            return [leaf]
        if len(self._classes) > MAX_CLASSES:
            remedy = f"give {head} one range for all classes, or name the classes that matter"
            rule = f"at most {MAX_CLASSES} classes are searched one by one"
            self._faults.add(leaf.entry.line, rule, f"{len(self._classes)} classes", remedy)
            return []
        paths = [f"{head}.{one}" for one in self._classes]
        return [replace(leaf, path=path) for path in paths if path not in explicit]

    def _read_leaf(self, leaf: Leaf) -> Drafts:
        found = named(leaf.path, self._has)
        spec = None if found is None else self._spec(found[1])
        if found is None or spec is None:
            remedy = suggestion(leaf.entry.key, self._specs)
            rule = f"train has no key {leaf.path} for this detector"
            self._faults.add(leaf.entry.line, rule, leaf.entry.shown(), remedy)
            return Drafts(broken=frozenset({leaf.entry.key}))
        group, name = found
        if group.partition(".")[0] in (TRAIN, SET, PREDICT, DETECTOR):
            self._faults.add(leaf.entry.line, "a group is not named like a section", leaf.path, "rename the group")
        if self._names_no_class(name):
            rule = f"{name} names a scored category"
            self._faults.add(leaf.entry.line, rule, leaf.entry.shown(), f"choose from {list(self._classes or ())}")
        return read_draft(leaf, (TRAIN, group, name), spec, self._faults)

    def _has(self, name: str) -> bool:
        return self._spec(name) is not None

    def _spec(self, name: str) -> ParameterSpec | None:
        if name in self._specs:
            return self._specs[name]
        head, _, tail = name.rpartition(".")
        spec = self._specs.get(head)
        fits = tail == EACH_CLASS or _CATEGORY_ID.match(tail) is not None
        return spec if fits and spec is not None and spec.per_class else None

    def _names_no_class(self, name: str) -> bool:
        head, _, tail = name.rpartition(".")
        return bool(head) and self._classes is not None and tail not in map(str, self._classes)
