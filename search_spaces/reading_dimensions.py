"""Nodes of a space file -> dimensions of the train tier, swept keys of the predict tier.

Written for errors: a faulty key is left out and noted, and everything that does not depend on it is still checked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from search_spaces.domains import (
    Choice,
    Domain,
    Fixed,
    FloatRange,
    IntRange,
    Value,
    is_number,
    same_value,
)
from search_spaces.faults import Faults, suggestion
from search_spaces.points import unreachable_keys
from search_spaces.reading_values import checked_value, entries_of
from search_spaces.space import Condition, Dimension, ParameterSpec, Swept
from search_spaces.yaml_nodes import Entry, ListNode, MapNode, Node, ScalarNode

Specs = Mapping[str, ParameterSpec]

KINDS = ("choice", "log", "range")
ENDS = 2  # of a range
MAX_STEPS = 1_000_000
DIMENSION_FORMS = (
    "write a value, {choice: [...]}, {range: [low, high]} or {log: [low, high]}, each with an optional when"
)


@dataclass(frozen=True)
class _Draft:
    """A key that has been read, its conditions not yet."""

    entry: Entry
    domain: Domain
    when: Node | None


def read_train(node: Node | None, specs: Specs, faults: Faults) -> tuple[Dimension, ...]:
    """The `train` section: its good keys, parents first."""
    drafts: dict[str, _Draft] = {}
    broken: set[str] = set()
    for entry in entries_of(node, "train", faults):
        spec = known_spec(entry, "train", specs, faults)
        draft = None if spec is None else _read_draft(entry, spec, faults)
        if draft is None:
            broken.add(entry.key)
        else:
            drafts[entry.key] = draft
    dimensions = [
        Dimension(name, draft.domain, _read_conditions(draft, drafts, broken, specs, faults))
        for name, draft in drafts.items()
    ]
    ordered = _parents_first(dimensions, drafts, broken, faults)
    for name in () if broken else unreachable_keys(ordered):
        _condition_fault(drafts[name], f"the conditions of {name} can hold together", faults)
    return ordered


def read_predict(node: Node | None, specs: Specs, faults: Faults) -> tuple[Swept, ...]:
    """The `predict` section."""
    swept = []
    for entry in entries_of(node, "predict", faults):
        spec = known_spec(entry, "predict", specs, faults)
        values = () if spec is None else _read_swept(entry, spec, faults)
        if values:
            swept.append(Swept(entry.key, values))
    return tuple(swept)


def known_spec(entry: Entry, section: str, specs: Specs, faults: Faults) -> ParameterSpec | None:
    """The parameter that a key names; notes a fault with the nearest name otherwise."""
    spec = specs.get(entry.key)
    if spec is None:
        remedy = suggestion(entry.key, specs)
        faults.add(entry.line, f"{section} has no key {entry.key} for this detector", entry.shown(), remedy)
    return spec


def _read_draft(entry: Entry, spec: ParameterSpec, faults: Faults) -> _Draft | None:
    node = entry.value
    if isinstance(node, ScalarNode):
        value = checked_value(spec, node, faults)
        return None if value is None else _Draft(entry, Fixed(value), None)
    if isinstance(node, ListNode):
        faults.add(node.line, f"{entry.key} is a value or a mapping", node.shown(), f"write {{choice: {node.shown()}}}")
        return None
    kinds = [part for part in node.entries if part.key in KINDS]
    unknown = [part for part in node.entries if part.key not in (*KINDS, "step", "when")]
    for part in unknown:
        remedy = suggestion(part.key, (*KINDS, "step", "when"))
        faults.add(part.line, f"{entry.key} has no {part.key}", part.shown(), remedy)
    if len(kinds) != 1:
        if not unknown:
            faults.add(entry.line, f"{entry.key} has one of choice, range and log", node.shown(), DIMENSION_FORMS)
        return None
    domain = _read_domain(kinds[0], node.find("step"), spec, faults)
    when = node.find("when")
    return None if domain is None or unknown else _Draft(entry, domain, None if when is None else when.value)


def _read_domain(kind: Entry, step: Entry | None, spec: ParameterSpec, faults: Faults) -> Domain | None:
    if step is not None and kind.key != "range":
        faults.add(step.line, f"{kind.key} has no step", step.shown(), "remove the step, or write range")
        return None
    if kind.key == "choice":
        options = _read_options(kind, spec, faults)
        return Choice(options) if options else None
    if not is_number(spec.default):
        remedy = "write {choice: [...]}"
        faults.add(kind.line, f"{spec.name} is no number and has no {kind.key}", kind.shown(), remedy)
        return None
    bounds = _read_bounds(kind, spec, faults)
    if bounds is None:
        return None
    if isinstance(spec.default, int):
        return _int_range(kind, (int(bounds[0]), int(bounds[1])), step, faults)
    return _float_range(kind, bounds, step, faults)


def _read_options(kind: Entry, spec: ParameterSpec, faults: Faults) -> tuple[Value, ...]:
    """The values of a `choice` or `sweep`; empty after a fault."""
    node = kind.value
    if not isinstance(node, ListNode) or not node.items:
        faults.add(node.line, f"{kind.key} is a list of values", node.shown(), f"write {kind.key}: [first, second]")
        return ()
    options: list[Value] = []
    read = [(item, checked_value(spec, item, faults)) for item in node.items]
    for item, value in read:
        if any(same_value(value, option) for option in options):
            faults.add(item.line, f"{kind.key} names each value once", item.shown(), "remove the repetition")
            return ()
        if value is not None:
            options.append(value)
    return tuple(options) if len(options) == len(read) else ()


def _read_bounds(kind: Entry, spec: ParameterSpec, faults: Faults) -> tuple[float, float] | None:
    node = kind.value
    if not isinstance(node, ListNode) or len(node.items) != ENDS:
        faults.add(node.line, f"{kind.key} is a pair of numbers", node.shown(), f"write {kind.key}: [low, high]")
        return None
    low, high = (checked_value(spec, item, faults) for item in node.items)
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return None
    if low > high:
        remedy = f"write [{node.items[1].shown()}, {node.items[0].shown()}]"
        faults.add(node.line, f"the {kind.key} of {spec.name} runs from low to high", node.shown(), remedy)
        return None
    if kind.key == "log" and low <= 0:
        faults.add(node.line, "a log range starts above 0", node.shown(), "raise its low end, or write range")
        return None
    return low, high


def _int_range(kind: Entry, bounds: tuple[int, int], step: Entry | None, faults: Faults) -> Domain | None:
    low, high = bounds
    size = 1 if step is None else _read_step(step, faults)
    if size is None or step is None:
        return None if size is None else IntRange(low, high, log=kind.key == "log")
    if not isinstance(size, int) or (high - low) % size:
        rule = "the step of a whole-number range is whole and leads from low to high"
        faults.add(step.line, rule, step.shown(), f"write a divisor of {high - low}")
        return None
    return IntRange(low, high, size)


def _float_range(kind: Entry, bounds: tuple[float, float], step: Entry | None, faults: Faults) -> Domain | None:
    low, high = bounds
    if step is None:
        return FloatRange(low, high, log=kind.key == "log")
    size = _read_step(step, faults)
    if size is None:
        return None
    if size * MAX_STEPS < high - low:
        faults.add(step.line, f"a range has at most {MAX_STEPS} steps", step.shown(), "write a larger step, or none")
        return None
    # In decimal, as written and as Optuna counts: 0.7 is two steps of 0.3 above 0.1.
    start, end, exact = (Decimal(str(number)) for number in (low, high, size))
    if (end - start) % exact:
        remedy = f"write {start + exact * ((end - start) // exact)} as the high end, or another step"
        faults.add(step.line, "the step leads from low to high", step.shown(), remedy)
        return None
    return FloatRange(low, high, float(size))


def _read_step(step: Entry, faults: Faults) -> int | float | None:
    value = step.value.value if isinstance(step.value, ScalarNode) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return value
    faults.add(step.line, "a step is a number above 0", step.value.shown(), "write such a number, or leave it out")
    return None


def _read_swept(entry: Entry, spec: ParameterSpec, faults: Faults) -> tuple[Value, ...]:
    node = entry.value
    if isinstance(node, MapNode) and [part.key for part in node.entries] == ["sweep"]:
        return _read_options(node.entries[0], spec, faults)
    if isinstance(node, ScalarNode):
        value = checked_value(spec, node, faults)
        return () if value is None else (value,)
    remedy = f"write a value or {entry.key}: {{sweep: [...]}}"
    faults.add(node.line, f"predict.{entry.key} is a value or a sweep", node.shown(), remedy)
    return ()


def _read_conditions(
    draft: _Draft, drafts: Mapping[str, _Draft], broken: set[str], specs: Specs, faults: Faults
) -> tuple[Condition, ...]:
    conditions = []
    for entry in entries_of(draft.when, "when", faults):
        parent = drafts.get(entry.key)
        if parent is not None:
            values = _condition_values(entry, parent.domain, specs[entry.key], faults)
            conditions += [Condition(entry.key, values)] if values else []
        elif entry.key not in broken:
            remedy = suggestion(entry.key, drafts)
            faults.add(entry.line, f"when looks at a key of train, {entry.key} is none", entry.shown(), remedy)
    return tuple(conditions)


def _condition_values(entry: Entry, parent: Domain, spec: ParameterSpec, faults: Faults) -> tuple[Value, ...]:
    if isinstance(parent, FloatRange) and parent.size() is None:
        faults.add(entry.line, "when looks at a key with separate values", entry.shown(), "give it a choice or a step")
        return ()
    values = _read_options(Entry("when", entry.line, entry.value), spec, faults)
    for value in values:
        if not parent.contains(value):
            rule = f"a condition can hold: {entry.key} can be {value}"
            faults.add(entry.line, rule, entry.shown(), f"name values that {entry.key} takes in train")
    return values


def _parents_first(
    dimensions: Sequence[Dimension], drafts: Mapping[str, _Draft], broken: set[str], faults: Faults
) -> tuple[Dimension, ...]:
    """A stable order in which a key follows the keys that its conditions look at."""
    ordered: dict[str, Dimension] = {}
    waiting = list(dimensions)
    while waiting:
        ready = next((d for d in waiting if all(c.key in ordered for c in d.when)), None)
        if ready is None:
            for dimension in waiting:
                _condition_fault(drafts[dimension.name], "conditions form no circle", faults)
            break
        ordered[ready.name] = ready
        waiting.remove(ready)
    return tuple(ordered.values())


def _condition_fault(draft: _Draft, rule: str, faults: Faults) -> None:
    node = draft.when if draft.when is not None else draft.entry.value
    faults.add(node.line, rule, f"{draft.entry.key} when {node.shown()}", "change the condition")
