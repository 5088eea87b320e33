"""Keys that were read one by one -> the dimensions of a space: conditions resolved, parents first.

Written for errors: a faulty key is left out and noted, and everything that does not depend on it is still checked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from results.faults import Faults
from results.nearest import suggestion
from results.yaml_nodes import Entry, ListNode, as_scalar
from search_spaces.domains import FloatRange, Value, same_value
from search_spaces.drafts import Draft, Drafts
from search_spaces.paths import named
from search_spaces.points import unreachable_labels
from search_spaces.reading_domains import read_options
from search_spaces.reading_values import entries_of
from search_spaces.space import Clause, Condition, Dimension, ParameterSpec, is_of_a_class


@dataclass(frozen=True)
class Keys:
    """What known points and forbidden combinations may speak of.

    Attributes:
        dimensions: the good ones, parents first.
        specs: the parameter behind each name.
        broken: names that a fault kept out; what is said of them is not checked.
    """

    dimensions: tuple[Dimension, ...]
    specs: Mapping[str, ParameterSpec]
    broken: frozenset[str]


def read_dimensions(drafts: Drafts, faults: Faults) -> Keys:
    """The dimensions that the keys become."""
    return _Conditions(drafts, faults).keys()


def read_condition(
    entry: Entry, dimensions: Sequence[Draft | Dimension], spec: ParameterSpec, faults: Faults
) -> tuple[Value, ...]:
    """The values that a condition names, as a list; empty after a fault.

    Args:
        entry: a key and its values.
        dimensions: those of the key's name; each value is taken by one of them.
        spec: of the key.
        faults: where faults are noted.
    """
    if any(isinstance(one.domain, FloatRange) and one.domain.size() is None for one in dimensions):
        rule = f"a condition looks at a key with separate values; {entry.key} is a continuum"
        faults.add(entry.line, rule, entry.shown(), "give it a choice or a step")
        return ()
    node = entry.value
    if isinstance(node, ListNode):
        node = ListNode(tuple(as_scalar(item) for item in node.items), node.line)
    values = read_options(Entry("when", entry.line, node), spec, faults)
    for value in values:
        if not any(one.domain.contains(value) for one in dimensions):
            rule = f"a condition can hold: {entry.key} can be {value}"
            faults.add(entry.line, rule, entry.shown(), f"name values that {entry.key} takes in train")
    return values


class _Conditions:
    """Resolves the conditions of all keys of a space against each other."""

    def __init__(self, drafts: Drafts, faults: Faults) -> None:
        self._faults = faults
        self._broken = drafts.broken
        self._drafts: dict[str, Draft] = {}
        self._named: dict[str, list[Draft]] = {}
        for draft in drafts.kept:
            first = self._drafts.setdefault(draft.label, draft)
            if first is draft:
                self._named.setdefault(draft.name, []).append(draft)
            else:
                rule = f"a key stands once; {draft.label} is already at line {first.entry.line}"
                faults.add(draft.entry.line, rule, draft.entry.shown(), "remove one of the two")

    def keys(self) -> Keys:
        """Dimensions in order, with everything checked that involves more than one of them."""
        ordered = self._parents_first([self._dimension(draft) for draft in self._drafts.values()])
        self._check_repeated(ordered)
        for label in () if self._broken else unreachable_labels(ordered):
            self._condition_fault(self._drafts[label], f"the conditions of {label} can hold together")
        specs = {name: drafts[0].spec for name, drafts in self._named.items()}
        return Keys(ordered, specs, self._broken)

    def _dimension(self, draft: Draft) -> Dimension:
        section, group, name = draft.place
        return Dimension(name, draft.domain, self._clause(draft), group, section)

    def _clause(self, draft: Draft) -> Clause:
        allowed: dict[str, tuple[Value, ...]] = {}
        for key, values in self._conditions(draft):
            both = allowed.get(key, values)
            allowed[key] = tuple(one for one in both if any(same_value(one, other) for other in values))
            if not allowed[key]:
                self._condition_fault(draft, f"the conditions of {draft.label} can hold together")
        return tuple(Condition(key, values) for key, values in allowed.items() if values)

    def _conditions(self, draft: Draft) -> Iterator[tuple[str, tuple[Value, ...]]]:
        for node in draft.when:
            for entry in entries_of(node, "when", self._faults):
                found = named(entry.key, self._named.__contains__)
                if found is not None and not _is_of_a_class(self._named[found[1]][0]):
                    parents = self._named[found[1]]
                    values = read_condition(entry, parents, parents[0].spec, self._faults)
                    if values:
                        yield found[1], values
                elif named(entry.key, self._broken.__contains__) is None:
                    remedy = suggestion(entry.key, self._named)
                    rule = f"when looks at a key of train, {entry.key} is none"
                    self._faults.add(entry.line, rule, entry.shown(), remedy)

    def _parents_first(self, dimensions: Sequence[Dimension]) -> tuple[Dimension, ...]:
        """A stable order in which a key follows the keys that its conditions look at."""
        ordered: list[Dimension] = []
        waiting = list(dimensions)
        while waiting:
            missing = {dimension.name for dimension in waiting}
            ready = next((one for one in waiting if not any(c.key in missing for c in one.when)), None)
            if ready is None:
                for dimension in waiting:
                    self._condition_fault(self._drafts[dimension.label], "conditions form no circle")
                break
            ordered.append(ready)
            waiting.remove(ready)
        return tuple(ordered)

    def _check_repeated(self, dimensions: Sequence[Dimension]) -> None:
        """A name that stands in several groups is active in one of them at most."""
        whole = {draft.name: draft for draft in self._drafts.values() if not _is_of_a_class(draft)}
        for one, other in combinations([d for d in dimensions if len(self._named[d.name]) > 1], 2):
            if one.name == other.name and not _exclude_each_other(one.when, other.when):
                rule = f"{one.label} and {other.label} are never active together"
                remedy = "give both a when that looks at the same key, with different values"
                entry = self._drafts[other.label].entry
                self._faults.add(entry.line, rule, entry.shown(), remedy)
        for draft in self._drafts.values():
            head = draft.name.rpartition(".")[0]
            if _is_of_a_class(draft) and head in whole:
                rule = f"{head} has one value for all classes or one for each"
                self._faults.add(draft.entry.line, rule, draft.entry.shown(), "remove one of the two")

    def _condition_fault(self, draft: Draft, rule: str) -> None:
        node = draft.when[-1] if draft.when else draft.entry.value
        self._faults.add(node.line, rule, f"{draft.entry.key} when {node.shown()}", "change the condition")


def _is_of_a_class(draft: Draft) -> bool:
    return is_of_a_class(draft.name, draft.spec)


def _exclude_each_other(left: Clause, right: Clause) -> bool:
    values = {condition.key: condition.values for condition in right}
    return any(
        condition.key in values and not any(same_value(a, b) for a in condition.values for b in values[condition.key])
        for condition in left
    )
