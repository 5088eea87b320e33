"""Reads one DATASET.yaml field by field and gathers every fault with its file and line.

It knows YAML and nothing of data sets: which keys exist and what they mean is decided in `trainables.data.dataset`.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from results.errors import InputError
from results.faults import Faults
from results.nearest import nearest
from results.text_files import path_remedy
from results.yaml_nodes import ListNode, MapNode, Node, ScalarNode, YamlForm, plain, read_yaml

_FILE = YamlForm("a data set file")
_LABEL_ENDINGS = {".xml": "voc", ".txt": "yolo"}


@dataclass(frozen=True)
class YamlMapping:
    """One mapping of a YAML file.

    Attributes:
        file: the file, for messages.
        label: what the mapping is called in messages, e.g. "train"; empty for the whole file.
        node: the parsed mapping.
        faults: grows while fields are read, shared by all mappings of the file; the reader raises it at the end.
    """

    file: Path
    label: str
    node: MapNode
    faults: list[InputError]

    @property
    def values(self) -> Mapping[str, object]:
        """The mapping as plain values."""
        return cast(Mapping[str, object], plain(self.node))

    def expect_keys(self, allowed: Sequence[str], required: Sequence[str]) -> None:
        """Notes a fault for each key that is not allowed and each required one that is absent."""
        for entry in self.node.entries:
            if entry.key not in allowed:
                near = nearest(entry.key, allowed)
                remedy = f"did you mean '{near}'?" if near else "remove it, or see docs/DATA.md"
                self.fault(f"a key{self._inside()} is one of {', '.join(allowed)}", entry.key, remedy)
        for key in required:
            if self._value(key) is None:
                self.fault(f"'{key}'{self._inside()} is given", None, f"add '{key}: ...'")

    def text(self, key: str) -> str | None:
        """The text under `key`; None when it is absent or, with a fault noted, not a text."""
        value = self._value(key)
        if value is None:
            return None
        if isinstance(value, ScalarNode) and isinstance(value.value, str) and value.value.strip():
            return value.value
        self.fault(f"'{key}'{self._inside()} is a text", key, "write it as one word, in quotes where needed")
        return None

    def texts(self, key: str) -> tuple[str, ...] | None:
        """The list of texts under `key`; None when it is absent or, with a fault noted, something else."""
        value = self._value(key)
        if value is None:
            return None
        items = value.items if isinstance(value, ListNode) else ()
        texts = [one.value for one in items if isinstance(one, ScalarNode) and isinstance(one.value, str)]
        if not items or len(texts) < len(items):
            self.fault(f"'{key}'{self._inside()} is a list of texts", key, f"write it as {key}: [first, second]")
            return None
        return tuple(texts)

    def flag(self, key: str) -> bool:
        """The truth value under `key`; False when it is absent or, with a fault noted, something else."""
        value = self._value(key)
        if value is None:
            return False
        if not isinstance(value, ScalarNode) or not isinstance(value.value, bool):
            self.fault(f"'{key}'{self._inside()} is true or false", key, f"write {key}: true, or leave it out")
            return False
        return value.value

    def mapping(self, key: str) -> "YamlMapping | None":
        """The mapping under `key`; None when it is absent or, with a fault noted, something else."""
        value = self._value(key)
        if value is None:
            return None
        if not isinstance(value, MapNode):
            self.fault(f"'{key}' is a mapping", key, f"write it as {key}: {{name: value}}")
            return None
        return YamlMapping(self.file, key, value, self.faults)

    def fault(self, rule: str, key: str | None, remedy: str) -> None:
        """Notes a fault at `key`, or at the mapping's own line when `key` is None."""
        entry = None if key is None else self.node.find(key)
        shown = "nothing" if key is None else f"'{key}'"
        if entry is not None and not isinstance(entry.value, MapNode):
            shown += f": {entry.value.shown()}"
        line = self.node.line if entry is None else entry.line
        self.faults.append(InputError(rule, f"{self.file}:{line}: {shown}", remedy))

    def _value(self, key: str) -> Node | None:
        entry = self.node.find(key)
        return None if entry is None else entry.value

    def _inside(self) -> str:
        return f" of '{self.label}'" if self.label else ""


def read_mapping(path: Path) -> YamlMapping:
    """Parses the file's top mapping.

    Raises:
        InputError: no such file, another kind of file or folder, not UTF-8 text, or no mapping at the top.
        InputErrors: malformed YAML or what no data set file needs, with its lines.
    """
    _refuse_other_kinds(path)
    faults = Faults(str(path))
    node = read_yaml(path, faults, _FILE)
    faults.raise_if_any()
    if not isinstance(node, MapNode):
        kind = "a list" if isinstance(node, ListNode) else node.shown()
        rule = "a data set file holds keys such as train and val"
        raise InputError(rule, f"{path}:{node.line}: {kind}", "see docs/DATA.md")
    return YamlMapping(path, "", node, [])


def _refuse_other_kinds(path: Path) -> None:
    """What people pass in place of a DATASET.yaml: annotations, a folder of labels, nothing at all."""
    rule = "the data set file can be read"
    if os.path.isdir(path):  # unlike the methods these take any text
        raise InputError("--data is a DATASET.yaml", f"{path}, a folder", _folder_remedy(path))
    if path.suffix.lower() in (".json", ".xml", ".txt", ".zip"):
        remedy = "write a DATASET.yaml that names annotations and images of train and val, see docs/DATA.md"
        raise InputError("--data is a DATASET.yaml", f"{path}, a {path.suffix.lower()} file", remedy)
    if not os.path.exists(path):
        remedy = path_remedy(path, "pass an existing DATASET.yaml, or 'demo' for the built-in demonstration")
        raise InputError(rule, f"{path}: no such file", remedy)


def _folder_remedy(folder: Path) -> str:
    files = sorted(folder.iterdir())
    own = [one.name for one in files if one.suffix in (".yaml", ".yml")]
    if own:
        return f"pass a file of it, such as {folder / own[0]}"
    kind = next((_LABEL_ENDINGS[one.suffix] for one in files if one.suffix in _LABEL_ENDINGS), None)
    kind = "voc" if (folder / "Annotations").is_dir() else kind
    if kind is None:
        return "write a DATASET.yaml, see docs/DATA.md"
    return f"convert its labels (trainables.data.prepare labels convert --from {kind}), then write a DATASET.yaml"
