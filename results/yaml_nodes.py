"""YAML text as a small tree that remembers lines and can do nothing else.

The tree is built from the parser's events, so no tag ever constructs an object, no alias multiplies a document, and
every value knows its line. Scalars follow YAML 1.2's core rules in decimal: `none`, `yes` and `1333x800` are text.
Spaces, rules, data set files and lists of classes are read here; what stands in them is their readers' business.
"""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from results.faults import Faults
from results.text_files import encoding_remedy, path_remedy

Value = bool | int | float | str

MAX_DEPTH = 12
MAX_OPEN_BRACKETS = 100  # on one line, whether text or not

_INTEGER = re.compile(r"[-+]?[0-9]{1,15}\Z")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z|[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")
_NULLS = ("", "~", "null", "Null", "NULL")
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


@dataclass(frozen=True)
class YamlForm:
    """A kind of YAML file.

    Attributes:
        name: what messages call it, e.g. "a space file".
        most_bytes: far above any such file worth writing; it bounds the time that a hostile one takes.
        most_items: of one list or mapping.
    """

    name: str
    most_bytes: int = 128 * 1024
    most_items: int = 5000


@dataclass(frozen=True)
class ScalarNode:
    """A single value; None for YAML's null."""

    value: Value | None
    line: int

    def shown(self) -> str:
        """The value as a message shows it."""
        if self.value is None:
            return "null"
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)


@dataclass(frozen=True)
class ListNode:
    """A sequence."""

    items: tuple["Node", ...]
    line: int

    def shown(self) -> str:
        """The list in flow form."""
        return "[" + ", ".join(item.shown() for item in self.items) + "]"


@dataclass(frozen=True)
class Entry:
    """A key of a mapping with its value; `line` is the key's."""

    key: str
    line: int
    value: "Node"

    def shown(self) -> str:
        """Key and value as a message shows them."""
        return f"{self.key}: {self.value.shown()}"


@dataclass(frozen=True)
class MapNode:
    """A mapping; no key stands twice."""

    entries: tuple[Entry, ...]
    line: int

    def shown(self) -> str:
        """The mapping in flow form."""
        return "{" + ", ".join(entry.shown() for entry in self.entries) + "}"

    def find(self, key: str) -> Entry | None:
        """The entry of `key`, None when there is none."""
        return next((entry for entry in self.entries if entry.key == key), None)


Node = ScalarNode | ListNode | MapNode


def as_scalar(node: Node) -> ScalarNode:
    """A list, a mapping or null as its JSON text, for keys whose values are lists; a single value as it is."""
    if isinstance(node, ScalarNode) and node.value is not None:
        return node
    return ScalarNode(json.dumps(plain(node), ensure_ascii=False), node.line)


def plain(node: Node) -> object:
    """Lists, dictionaries and single values."""
    match node:
        case ScalarNode(value):
            return value
        case ListNode(items):
            return [plain(item) for item in items]
        case MapNode(entries):
            return {entry.key: plain(entry.value) for entry in entries}


def read_yaml(path: Path, faults: Faults, form: YamlForm) -> Node:
    """Reads a small YAML file into nodes.

    Faults that leave the tree readable (a repeated key, a tag, an infinite number) are added to `faults`.

    Raises:
        InputErrors: the file cannot be read, is no YAML, or uses what this project refuses (aliases, several
            documents, deep nesting); `faults` holds why.
    """
    content = b""
    try:
        with path.open("rb") as stream:
            content = stream.read(form.most_bytes + 1)
    except (OSError, ValueError) as error:
        remedy = path_remedy(path, "check the path and its permissions")
        faults.add(1, f"{form.name} can be read", getattr(error, "strerror", None) or str(error), remedy)
    faults.raise_if_any()
    return parse_yaml(content, faults, form)


def parse_yaml(content: bytes, faults: Faults, form: YamlForm) -> Node:
    """The same for a file's content.

    Raises:
        InputErrors: as `read_yaml`.
    """
    text = _text_of(content, faults, form)
    _refuse_brackets(text, faults, form)
    try:
        return _Tree(_events(text), faults, form).root()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        faults.add(1 if mark is None else mark.line + 1, f"{form.name} is YAML", str(error.problem), _SYNTAX_REMEDY)
    except YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0) or 0) + 1
        faults.add(line, f"{form.name} is YAML", str(error).splitlines()[0], _SYNTAX_REMEDY)
    except (ValueError, RecursionError) as error:  # of the parser itself, on text that is no YAML
        faults.add(1, f"{form.name} is YAML", str(error), _SYNTAX_REMEDY)
    except _RefusedError:
        pass
    faults.raise_if_any()
    raise AssertionError("unreachable: a fault was added above")


_SYNTAX_REMEDY = "fix the syntax at this line"


class _RefusedError(Exception):
    """The rest of the file cannot be read sensibly; the reason is in the faults."""


def _text_of(content: bytes, faults: Faults, form: YamlForm) -> str:
    if len(content) > form.most_bytes:
        faults.add(1, f"{form.name} has at most {form.most_bytes // 1024} KiB", "a larger file", "check the path")
    faults.raise_if_any()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.add(line, f"{form.name} is UTF-8 text", f"byte {content[error.start]:#04x}", encoding_remedy(content))
    faults.raise_if_any()
    raise AssertionError("unreachable: a fault was added above")


def _refuse_brackets(text: str, faults: Faults, form: YamlForm) -> None:
    """The parser's time grows with the square of the brackets that one line leaves open."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.count("[") + line.count("{") - line.count("]") - line.count("}") > MAX_OPEN_BRACKETS:
            faults.add(number, _depth_rule(form), "many open brackets", "flatten it")
            faults.raise_if_any()


def _depth_rule(form: YamlForm) -> str:
    return f"{form.name} nests at most {MAX_DEPTH} deep"


def _events(text: str) -> Iterator[Event]:
    yaml = YAML(typ="safe", pure=True)
    events: Iterator[Event] = yaml.parse(text)
    return events


class _Tree:
    """Builds nodes from events; recursion is bounded by `MAX_DEPTH`."""

    def __init__(self, events: Iterator[Event], faults: Faults, form: YamlForm) -> None:
        self._events = events
        self._faults = faults
        self._form = form

    def root(self) -> Node:
        """The file's only document; null for an empty file."""
        document: Node | None = None
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                if document is not None:
                    self._refuse(
                        event, f"{self._form.name} holds one document", "a second one", "remove what follows ---"
                    )
                document = self._node(next(self._events), 0)
        return ScalarNode(None, 1) if document is None else document

    def _node(self, event: Event, depth: int) -> Node:
        if depth > MAX_DEPTH:
            self._refuse(event, _depth_rule(self._form), "deeper nesting", "flatten it")
        if isinstance(event, AliasEvent):
            self._refuse(event, f"{self._form.name} holds no YAML aliases", f"*{event.anchor}", "write the value out")
        tag = getattr(event, "tag", None)
        if tag is not None:
            self._faults.add(_line(event), f"{self._form.name} holds no YAML tags", str(tag), "remove the tag")
        if isinstance(event, MappingStartEvent):
            return self._map(event, depth)
        if isinstance(event, SequenceStartEvent):
            return self._list(event, depth)
        if isinstance(event, ScalarEvent):
            return self._scalar(event)
        raise AssertionError(f"YAML's grammar puts a node here, received {event!r}")

    def _list(self, start: Event, depth: int) -> ListNode:
        items: list[Node] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            self._refuse_crowd(event, len(items))
            items.append(self._node(event, depth + 1))
        return ListNode(tuple(items), _line(start))

    def _map(self, start: Event, depth: int) -> MapNode:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            self._refuse_crowd(event, len(entries))
            key = self._key(event)
            entry = Entry(key, _line(event), self._node(next(self._events), depth + 1))
            first = entries.setdefault(key, entry)
            if first is not entry:
                rule = f"a key stands once; {key} is already at line {first.line}"
                self._faults.add(entry.line, rule, entry.shown(), "remove one of the two")
        return MapNode(tuple(entries.values()), _line(start))

    def _key(self, event: Event) -> str:
        text = event.value if isinstance(event, ScalarEvent) else "<<"
        if not isinstance(text, str) or text == "<<" or not text.isprintable():
            self._refuse(event, "a key is a plain word", "a list, a mapping or a merge key", "name the key")
        return str(text)

    def _scalar(self, event: ScalarEvent) -> ScalarNode:
        value: Value | None = event.value if event.style else plain_value(event.value)
        if isinstance(value, float) and not math.isfinite(value):
            self._faults.add(_line(event), "numbers are finite", event.value, "write a finite number")
        if isinstance(value, str) and not value.isprintable():
            self._faults.add(_line(event), "text is one printable line", repr(value), "write it on one line")
        return ScalarNode(value, _line(event))

    def _refuse_crowd(self, event: Event, count: int) -> None:
        most = self._form.most_items
        if count >= most:
            self._refuse(event, f"a list or mapping has at most {most} items", "one more", "shorten it")

    def _refuse(self, event: Event, rule: str, received: str, remedy: str) -> None:
        self._faults.add(_line(event), rule, received, remedy)
        raise _RefusedError


def plain_value(text: str) -> Value | None:
    """What an unquoted scalar means: null, a truth value, a number, or else the text itself."""
    if text in _NULLS:
        return None
    if text in _TRUTHS:
        return _TRUTHS[text]
    if _INTEGER.match(text):
        return int(text)
    return _number(text) if _NUMBER.match(text) else text


def _number(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1
