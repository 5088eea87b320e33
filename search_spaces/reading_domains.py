"""The value of one key -> the domain it stands for: a value, `choice`, `range` or `log`.

Written for errors: a faulty value is noted and None returned. Conditions are `reading_conditions`' business.
"""

from results.faults import Faults
from results.nearest import suggestion
from results.yaml_nodes import Entry, ListNode, MapNode, Node, ScalarNode
from search_spaces.domains import Choice, Domain, Fixed, Value, is_number, same_value
from search_spaces.reading_ranges import read_range
from search_spaces.reading_scales import scale_ends, scales_between, scales_of_parts
from search_spaces.reading_values import checked_value
from search_spaces.space import ParameterSpec

KINDS = ("choice", "log", "range")
PER_CLASS = "per_class"
_WORDS = (*KINDS, "step", "when")
_FORMS = "write a value, {choice: [...]}, {range: [low, high]} or {log: [low, high]}, each with an optional when"


def is_domain(node: Node) -> bool:
    """Whether a value says what a key takes; a mapping that does not is a group of keys."""
    return not isinstance(node, MapNode) or any(part.key in (*KINDS, PER_CLASS) for part in node.entries)


def read_domain(entry: Entry, spec: ParameterSpec, faults: Faults) -> Domain | None:
    """What a key takes; None after a fault."""
    node = entry.value
    if isinstance(node, ScalarNode):
        value = checked_value(spec, node, faults)
        return None if value is None else Fixed(value)
    if isinstance(node, ListNode):
        faults.add(node.line, f"{entry.key} is a value or a mapping", node.shown(), f"write {{choice: {node.shown()}}}")
        return None
    kinds = [part for part in node.entries if part.key in KINDS]
    unknown = [part for part in node.entries if part.key not in _WORDS]
    for part in unknown:
        faults.add(part.line, f"{entry.key} has no {part.key}", part.shown(), suggestion(part.key, _WORDS))
    if len(kinds) != 1:
        if not unknown:
            faults.add(entry.line, f"{entry.key} has one of choice, range and log", node.shown(), _FORMS)
        return None
    domain = _read_kind(kinds[0], node.find("step"), spec, faults)
    return None if unknown else domain


def read_options(kind: Entry, spec: ParameterSpec, faults: Faults) -> tuple[Value, ...]:
    """The values of a `choice`, `sweep` or condition; empty after a fault."""
    node = kind.value
    if isinstance(node, MapNode) and kind.key in ("choice", "sweep"):
        return _fitting(scales_of_parts(node, faults), kind, spec, faults)
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


def _read_kind(kind: Entry, step: Entry | None, spec: ParameterSpec, faults: Faults) -> Domain | None:
    if step is not None and kind.key != "range":
        faults.add(step.line, f"{kind.key} has no step", step.shown(), "remove the step, or write range")
        return None
    if kind.key == "choice":
        options = read_options(kind, spec, faults)
        return Choice(options) if options else None
    if is_number(spec.default):
        return read_range(kind, step, spec, faults)
    return _scale_range(kind, step, spec, faults)


def _scale_range(kind: Entry, step: Entry | None, spec: ParameterSpec, faults: Faults) -> Domain | None:
    ends = scale_ends(kind.value)
    if ends is None or kind.key != "range" or isinstance(spec.default, bool):
        remedy = "write {choice: [...]}"
        faults.add(kind.line, f"{spec.name} is no number and has no {kind.key}", kind.shown(), remedy)
        return None
    options = _fitting(scales_between(ends, kind, step, faults), kind, spec, faults)
    return Choice(options) if options else None


def _fitting(texts: tuple[str, ...], kind: Entry, spec: ParameterSpec, faults: Faults) -> tuple[Value, ...]:
    """The texts, all of which the parameter takes; empty after a fault."""
    found = faults.count()
    for text in texts:
        checked_value(spec, ScalarNode(text, kind.line), faults)
    return texts if faults.count() == found else ()
