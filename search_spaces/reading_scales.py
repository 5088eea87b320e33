"""Image scales whose sides move together: a range or a ratio in a space file -> the texts "1333x800" it stands for.

    range: ["1000x600", "2000x1200"], step: 250         both sides from one end to the other, steps of the long side
    choice: {long: {range: [1000, 2000], step: 250}, ratio: [0.6, 0.75], up_to: 1.25}

Texts, because search tools compare and store texts, and warn of tuples. Which scales a detector takes is its own rule.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from results.faults import Faults
from results.nearest import suggestion
from results.yaml_nodes import Entry, ListNode, MapNode, Node, ScalarNode
from search_spaces.domains import Value
from search_spaces.reading_ranges import ENDS, read_range
from search_spaces.reading_values import checked_value

MAX_SCALES = 400
_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})\Z")
_TOO_MANY = f"a key has at most {MAX_SCALES} image scales"


@dataclass(frozen=True)
class _Scale:
    """The sides of an image scale in pixels, not yet whole."""

    long: Decimal
    short: Decimal

    def __str__(self) -> str:
        return f"{self.long:.0f}x{self.short:.0f}"


@dataclass(frozen=True)
class _Part:
    """One of the numbers that image scales are made of; satisfies `ParameterSpec`."""

    name: str
    low: float
    high: float
    default: float = 1.0
    per_class: bool = False

    def fault(self, value: object) -> str | None:
        if isinstance(value, float) and self.low <= value <= self.high:
            return None
        return f"{self.name} is a number from {self.low} to {self.high}; write such a number"


# `up_to` is the largest scale of a training range over its smallest.
PARTS = {
    part.name: part for part in (_Part("long", 1.0, 99_999.0), _Part("ratio", 0.01, 1.0), _Part("up_to", 1.0, 10.0))
}


def scale_ends(node: Node) -> tuple[_Scale, _Scale] | None:
    """The image scales that a range runs between; None for a range of anything else."""
    items = node.items if isinstance(node, ListNode) else ()
    texts = [item.value if isinstance(item, ScalarNode) else None for item in items]
    sizes = [_SIZE.match(text) for text in texts if isinstance(text, str)]
    ends = [_Scale(Decimal(size[1]), Decimal(size[2])) for size in sizes if size is not None]
    return (ends[0], ends[1]) if len(ends) == len(items) == ENDS else None


def scales_between(ends: tuple[_Scale, _Scale], kind: Entry, step: Entry | None, faults: Faults) -> tuple[str, ...]:
    """Scales from one end to the other, both sides moving in proportion; empty after a fault.

    Args:
        ends: of the range.
        kind: the range as written.
        step: pixels of the long side, or of the short one where the long one stands still.
        faults: where faults are noted.
    """
    first, last = ends
    if last.long < first.long or last.short < first.short:
        remedy = "write the smaller scale first; a scale is LONGxSHORT"
        faults.add(kind.line, "a range of image scales runs from small to large", kind.shown(), remedy)
        return ()
    way = int(last.long - first.long or last.short - first.short)
    size = step.value.value if step is not None and isinstance(step.value, ScalarNode) else None
    if not isinstance(size, int) or isinstance(size, bool) or size < 1 or way == 0 or way % size:
        rule = "a range of image scales has a step, in whole pixels, that leads from end to end"
        remedy = f"write step: and a divisor of {way}" if way else "write the scale alone"
        faults.add(kind.line if step is None else step.line, rule, (step or kind).shown(), remedy)
        return ()
    if way // size >= MAX_SCALES:
        faults.add(kind.line, _TOO_MANY, kind.shown(), "write a larger step")
        return ()
    shares = (Decimal(done) / way for done in range(0, way + 1, size))
    scales = (
        _Scale(first.long + share * (last.long - first.long), first.short + share * (last.short - first.short))
        for share in shares
    )
    return _different(map(str, scales))


def scales_of_parts(node: MapNode, faults: Faults) -> tuple[str, ...]:
    """Every combination of a long side, a ratio short / long, and a factor up to which a scale is drawn.

    Empty after a fault.
    """
    found = faults.count()
    for entry in node.entries:
        if entry.key not in PARTS:
            faults.add(entry.line, f"image scales have no {entry.key}", entry.shown(), suggestion(entry.key, PARTS))
    longs, ratios, factors = (_numbers(node.find(name), part, faults) for name, part in PARTS.items())
    if faults.count() > found:
        return ()
    if not longs or not ratios:
        remedy = "write {long: {range: [1000, 2000], step: 250}, ratio: 0.6}"
        faults.add(node.line, "image scales have a long side and a ratio, short / long", node.shown(), remedy)
        return ()
    if len(longs) * len(ratios) * max(len(factors), 1) > MAX_SCALES:
        faults.add(node.line, _TOO_MANY, node.shown(), "name fewer")
        return ()
    return _different(_drawn(*parts) for parts in product(longs, ratios, factors or (Decimal(1),)))


def _drawn(long: Decimal, ratio: Decimal, factor: Decimal) -> str:
    smallest, largest = _Scale(long, long * ratio), _Scale(long * factor, long * ratio * factor)
    return str(smallest) if factor == 1 else f"{smallest}..{largest}"


def _different(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _numbers(entry: Entry | None, part: _Part, faults: Faults) -> tuple[Decimal, ...]:
    """A number, a list of numbers, or a range with a step."""
    if entry is None:
        return ()
    node = entry.value
    if isinstance(node, MapNode):
        return tuple(Decimal(str(value)) for value in _stepped(node, part, faults))
    read = [checked_value(part, item, faults) for item in (node.items if isinstance(node, ListNode) else (node,))]
    return tuple(Decimal(str(value)) for value in read if value is not None)


def _stepped(node: MapNode, part: _Part, faults: Faults) -> Iterable[Value]:
    kind, step = node.find("range"), node.find("step")
    if kind is None or step is None or len(node.entries) != ENDS:
        remedy = f"write {part.name}: {{range: [low, high], step: size}}"
        faults.add(node.line, f"{part.name} is a number, a list, or a range with a step", node.shown(), remedy)
        return ()
    domain = read_range(kind, step, part, faults)
    size = None if domain is None else domain.size()
    if domain is None or size is None:
        return ()
    if size > MAX_SCALES:
        faults.add(step.line, _TOO_MANY, step.shown(), "write a larger step")
        return ()
    return domain.values()
