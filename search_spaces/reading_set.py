"""The sections `config` and `set`: keys of a configuration file, written as dotted paths, as keys of the space.

What the file holds is read by the detector and handed over as nested values; no file is opened here. A list, a mapping
or null is searched as its JSON text: `[8]` and `"[8]"` are the same value.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from results.faults import Faults
from results.nearest import suggestion
from results.yaml_nodes import Entry, ListNode, MapNode, Node, ScalarNode, as_scalar
from search_spaces.domains import is_number
from search_spaces.drafts import Drafts, read_draft
from search_spaces.paths import Leaf, leaves
from search_spaces.reading_domains import KINDS, is_domain
from search_spaces.reading_values import entries_of
from search_spaces.space import SET

Tree = Mapping[str, object]

_ABSENT = object()
_MOST_BRACKETS = 200  # of one value


@dataclass(frozen=True)
class SetSpec:
    """A key of a configuration file; satisfies `ParameterSpec`.

    Attributes:
        name: the dotted path.
        default: of the type that is searched: the file's, or a float where the space writes one.
        value: what the file holds.
    """

    name: str
    default: object
    value: object
    per_class: bool = False

    def fault(self, value: object) -> str | None:
        """A single value stays of its kind; JSON text of a list, a mapping or null may stand for anything."""
        if isinstance(value, str) and value[:1] in ("[", "{"):
            return (
                None
                if _is_plain_json(value)
                else f"{self.name} begins like a list and is JSON; write [8] or [[8], [4]]"
            )
        if value == "null" or not isinstance(self.value, bool | int | float | str) or _kind(value) == _kind(self.value):
            return None
        return f"{self.name} is like {self.value!r} in the configuration; write such a value"


def read_set_drafts(node: Node | None, tree: Tree | None, faults: Faults) -> Drafts:
    """The `set` section.

    Args:
        node: the section.
        tree: what the configuration holds; None where there is none, after a fault or without `config`.
        faults: where faults are noted.
    """
    drafts = Drafts()
    for leaf in leaves(entries_of(node, SET, faults), lambda _path, inner: is_domain(inner), faults):
        value = None if tree is None else value_at(tree, leaf.path)
        if value is _ABSENT:
            _refuse_path(leaf, tree or {}, faults)
            drafts += Drafts(broken=frozenset({leaf.path}))
            continue
        entry = Entry(leaf.path, leaf.entry.line, _with_texts(leaf.entry.value))
        spec = SetSpec(leaf.path, _default(value, entry.value), value)
        drafts += read_draft(Leaf(leaf.path, entry, leaf.when), (SET, "", leaf.path), spec, faults)
    return drafts


def value_at(tree: object, path: str) -> object:
    """What a configuration holds at a dotted path; `_ABSENT` where it holds nothing.

    A list's items have their places, counted from 0, as keys.
    """
    value = tree
    for key in path.split("."):
        value = _below(value, key)
        if value is _ABSENT:
            break
    return value


def _below(value: object, key: str) -> object:
    if isinstance(value, Mapping):
        return value.get(key, _ABSENT)
    if isinstance(value, Sequence) and not isinstance(value, str) and key in map(str, range(len(value))):
        return value[int(key)]
    return _ABSENT


def _refuse_path(leaf: Leaf, tree: Tree, faults: Faults) -> None:
    """Names the first part of a path that is not there, and the nearest that is."""
    above, _, key = leaf.path.rpartition(".")
    while above and value_at(tree, above) is _ABSENT:
        above, _, key = above.rpartition(".")
    there = value_at(tree, above) if above else tree
    near = list(there) if isinstance(there, Mapping) else [str(place) for place in range(_length(there))]
    rule = f"set names keys of the configuration; {above or 'it'} has no {key}"
    faults.add(leaf.entry.line, rule, leaf.path, suggestion(key, near))


def _length(value: object) -> int:
    return len(value) if isinstance(value, Sequence) and not isinstance(value, str) else 0


def _default(value: object, node: Node) -> object:
    """A value whose type is that of what is searched."""
    numbers = [one for one in _written(node) if is_number(one)]
    if not numbers or not (value is None or is_number(value)):
        return value if isinstance(value, bool) else ""
    return 0.0 if isinstance(value, float) or any(isinstance(one, float) for one in numbers) else 0


def _written(node: Node) -> list[object]:
    """The value of a key, its choices, or the ends of its range."""
    if isinstance(node, ScalarNode):
        return [node.value]
    kinds = [part.value for part in node.entries if part.key in KINDS] if isinstance(node, MapNode) else []
    items = [item for kind in kinds if isinstance(kind, ListNode) for item in kind.items]
    return [item.value for item in items if isinstance(item, ScalarNode)]


def _with_texts(node: Node) -> Node:
    """The same with lists, mappings and null among its values as their JSON text."""
    if isinstance(node, ScalarNode):
        return node
    if isinstance(node, ListNode):
        return as_scalar(node)
    return MapNode(tuple(_texts_of(part) if part.key == "choice" else part for part in node.entries), node.line)


def _texts_of(part: Entry) -> Entry:
    if not isinstance(part.value, ListNode):
        return part
    return Entry(part.key, part.line, ListNode(tuple(as_scalar(item) for item in part.value.items), part.value.line))


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "truth"
    return "number" if is_number(value) else "text"


def _is_plain_json(text: str) -> bool:
    """Whether it is JSON, and not so deep that whoever walks through it has to mind."""
    if text.count("[") + text.count("{") > _MOST_BRACKETS:
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
