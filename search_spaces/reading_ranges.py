"""The numeric forms of a key, `range` and `log` -> a range of whole or floating numbers."""

from decimal import Decimal

from results.faults import Faults
from results.yaml_nodes import Entry, ListNode, ScalarNode
from search_spaces.domains import FloatRange, IntRange
from search_spaces.reading_values import checked_value
from search_spaces.space import ParameterSpec

ENDS = 2  # of a range
MAX_STEPS = 1_000_000


def read_range(kind: Entry, step: Entry | None, spec: ParameterSpec, faults: Faults) -> IntRange | FloatRange | None:
    """The range of a numeric parameter; None after a fault.

    Args:
        kind: the entry `range` or `log`.
        step: the entry `step`, which only a `range` has.
        spec: whole numbers where its default is one.
        faults: where faults are noted.
    """
    bounds = _read_bounds(kind, spec, faults)
    if bounds is None:
        return None
    if isinstance(spec.default, int):
        return _int_range(kind, (int(bounds[0]), int(bounds[1])), step, faults)
    return _float_range(kind, bounds, step, faults)


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
    if low == high:
        rule = f"the {kind.key} of {spec.name} has something to search"
        faults.add(node.line, rule, node.shown(), f"write it as a fixed value, {node.items[0].shown()}")
        return None
    if kind.key == "log" and low <= 0:
        faults.add(node.line, "a log range starts above 0", node.shown(), "raise its low end, or write range")
        return None
    return low, high


def _int_range(kind: Entry, bounds: tuple[int, int], step: Entry | None, faults: Faults) -> IntRange | None:
    low, high = bounds
    size = 1 if step is None else _read_step(step, faults)
    if size is None or step is None:
        return None if size is None else IntRange(low, high, log=kind.key == "log")
    if not isinstance(size, int) or (high - low) % size:
        rule = "the step of a whole-number range is whole and leads from low to high"
        faults.add(step.line, rule, step.shown(), f"write a divisor of {high - low}")
        return None
    return IntRange(low, high, size)


def _float_range(kind: Entry, bounds: tuple[float, float], step: Entry | None, faults: Faults) -> FloatRange | None:
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
