"""The section `predict` -> swept keys or, searched jointly, keys of the point.

Swept: every combination is tried from a surviving trial's checkpoint. Joint: a trial has one value of each key, chosen
with the rest of its point; keys of a single value stay what they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from results.faults import Faults
from results.nearest import suggestion
from results.yaml_nodes import Entry, MapNode, Node, ScalarNode
from search_spaces.domains import Choice, Value
from search_spaces.drafts import Draft, Drafts
from search_spaces.reading_domains import read_options
from search_spaces.reading_values import Section, checked_value, entries_of
from search_spaces.space import PREDICT, Dimension, ParameterSpec, PredictSpec, Swept

SEARCH = "search"
WAYS = ("sweep", "joint")


@dataclass(frozen=True)
class Predict:
    """What the section says.

    Attributes:
        swept: keys that are swept, or have one value.
        joint: whether keys of several values are part of the point.
        drafts: those keys.
    """

    swept: tuple[Swept, ...]
    joint: bool
    drafts: Drafts

    def values(self) -> dict[str, Sequence[Value]]:
        """What each key takes, by its name in the section."""
        own = {draft.entry.key: draft.domain.values() for draft in self.drafts.kept}
        return {**{one.name: one.values for one in self.swept}, **own}


def read_predict(node: Node | None, specs: Mapping[str, ParameterSpec], faults: Faults) -> Predict:
    """The section; faulty keys are noted and left out."""
    entries = [entry for entry in entries_of(node, PREDICT, faults) if entry.key != SEARCH]
    way = node.find(SEARCH) if isinstance(node, MapNode) else None
    chosen = Section(PREDICT, None if way is None else MapNode((way,), way.line), (SEARCH,), faults)
    joint = chosen.word(SEARCH, WAYS, "sweep") == "joint"
    swept, drafts, broken = [], [], set()
    for entry in entries:
        spec = specs.get(entry.key)
        values = _read_values(entry, spec, specs, faults)
        if spec is None or not values:
            broken.add(f"{PREDICT}.{entry.key}")
        elif joint and len(values) > 1:
            drafts.append(Draft((PREDICT, "", f"{PREDICT}.{entry.key}"), spec, entry, Choice(values)))
        else:
            swept.append(Swept(entry.key, values))
    return Predict(tuple(swept), joint, Drafts(tuple(drafts), frozenset(broken)))


@dataclass(frozen=True)
class Given:
    """The section as written, and what the detectors let vary."""

    node: Node | None
    predict: Mapping[str, PredictSpec]
    train: Mapping[str, ParameterSpec]


def check_needs(given: Given, read: Predict, train: Sequence[Dimension], faults: Faults) -> None:
    """A key that does nothing without a value of a train key is given where the train key can have that value.

    Args:
        given: the section.
        read: what it says.
        train: keys of the space.
        faults: where faults are noted.
    """
    values = read.values()
    for entry in given.node.entries if isinstance(given.node, MapNode) else ():
        spec = given.predict.get(entry.key)
        if spec is None or spec.needs is None or set(values.get(entry.key, ())) <= {spec.default}:
            continue
        name, value = spec.needs
        domains = [one.domain for one in train if one.name == name]
        if not any(one.contains(value) for one in domains) and (domains or given.train[name].default != value):
            shown = ScalarNode(value, entry.line).shown()
            rule = f"predict.{entry.key} does nothing without {name}: {shown}"
            faults.add(entry.line, rule, entry.shown(), f"write {name}: {shown} into train, or as one of its choices")


def _read_values(
    entry: Entry, spec: ParameterSpec | None, specs: Mapping[str, ParameterSpec], faults: Faults
) -> tuple[Value, ...]:
    node = entry.value
    if spec is None:
        remedy = suggestion(entry.key, (*specs, SEARCH))
        faults.add(entry.line, f"predict has no key {entry.key} for this detector", entry.shown(), remedy)
        return ()
    if isinstance(node, MapNode) and [part.key for part in node.entries] == ["sweep"]:
        return read_options(node.entries[0], spec, faults)
    if isinstance(node, ScalarNode):
        value = checked_value(spec, node, faults)
        return () if value is None else (value,)
    remedy = f"write a value or {entry.key}: {{sweep: [...]}}"
    faults.add(node.line, f"predict.{entry.key} is a value or a sweep", node.shown(), remedy)
    return ()
