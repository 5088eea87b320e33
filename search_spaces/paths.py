"""Nested keys of a section as paths with dots between: `{adamw: {lr: 1}}` is the key `adamw.lr`.

A mapping that is no value is a group; groups nest, and what a group's `when` asks for holds for all that is in it. What
a path stands for is decided by `named`: the longest ending of it that is a name.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from results.faults import Faults
from results.yaml_nodes import Entry, MapNode, Node

WHEN = "when"
MAX_PARTS = 40  # of a path; far more than any configuration nests


@dataclass(frozen=True)
class Leaf:
    """A key that holds a value.

    Attributes:
        path: the names of its groups and its own, dots between.
        entry: its own name, line and value.
        when: the conditions of its groups, outermost first.
    """

    path: str
    entry: Entry
    when: tuple[Node, ...] = ()


def leaves(
    entries: Iterable[Entry], is_value: Callable[[str, Node], bool], faults: Faults, above: Leaf | None = None
) -> Iterator[Leaf]:
    """The keys that hold values, in the file's order.

    Args:
        entries: of a section, or of a group.
        is_value: whether the node at a path is a value; a mapping that is none is a group.
        faults: where an empty group is noted.
        above: the group that the entries stand in.
    """
    for entry in entries:
        path = entry.key if above is None else f"{above.path}.{entry.key}"
        leaf = Leaf(path, entry, () if above is None else above.when)
        node = entry.value
        if not isinstance(node, MapNode) or is_value(path, node):
            yield leaf
            continue
        condition = node.find(WHEN)
        kept = [one for one in node.entries if one.key != WHEN]
        if not kept:
            faults.add(entry.line, f"{path} is a value or a group of keys", entry.shown(), "add keys, or remove it")
        below = leaf if condition is None else Leaf(path, entry, (*leaf.when, condition.value))
        yield from leaves(kept, is_value, faults, below)


def named(path: str, is_name: Callable[[str], bool]) -> tuple[str, str] | None:
    """The groups and the name that a path stands for: its longest ending that is a name; None when there is none."""
    parts = path.split(".")
    for start in range(len(parts) if len(parts) <= MAX_PARTS else 0):
        name = ".".join(parts[start:])
        if is_name(name):
            return ".".join(parts[:start]), name
    return None
