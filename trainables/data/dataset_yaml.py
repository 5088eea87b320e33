"""Reads one DATASET.yaml field by field and gathers every fault with its file and line.

It knows YAML and nothing of data sets: which keys exist and what they mean is decided in `trainables.data.dataset`.
Tags are never executed: ruamel's round-trip loader builds plain values only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from results.errors import InputError


@dataclass(frozen=True)
class YamlMapping:
    """One mapping of a YAML file.

    Attributes:
        file: the file, for messages.
        label: what the mapping is called in messages, e.g. "train"; empty for the whole file.
        values: the parsed mapping.
        faults: grows while fields are read, shared by all mappings of the file; the reader raises it at the end.
    """

    file: Path
    label: str
    values: CommentedMap
    faults: list[InputError]

    def expect_keys(self, allowed: Sequence[str], required: Sequence[str]) -> None:
        """Notes a fault for each key that is not allowed and each required one that is absent."""
        for key in self.values:
            if key not in allowed:
                near = get_close_matches(str(key), allowed, n=1, cutoff=0.0)
                self.fault(f"a key{self._inside()} is one of {', '.join(allowed)}", key, f"did you mean '{near[0]}'?")
        for key in required:
            if key not in self.values:
                self.fault(f"'{key}'{self._inside()} is given", None, f"add '{key}: ...'")

    def text(self, key: str) -> str | None:
        """The text under `key`; None when it is absent or, with a fault noted, not a text."""
        value = self.values.get(key)
        if value is None and key not in self.values:
            return None
        if isinstance(value, str) and value.strip():
            return str(value)
        self.fault(f"'{key}'{self._inside()} is a text", key, "write it as one word, in quotes where needed")
        return None

    def texts(self, key: str) -> tuple[str, ...] | None:
        """The list of texts under `key`; None when it is absent or, with a fault noted, something else."""
        if key not in self.values:
            return None
        value = self.values[key]
        if not isinstance(value, CommentedSeq) or not value or not all(isinstance(item, str) for item in value):
            self.fault(f"'{key}'{self._inside()} is a list of texts", key, f"write it as {key}: [first, second]")
            return None
        return tuple(str(item) for item in value)

    def flag(self, key: str) -> bool:
        """The truth value under `key`; False when it is absent or, with a fault noted, something else."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.fault(f"'{key}'{self._inside()} is true or false", key, f"write {key}: true, or leave it out")
            return False
        return value

    def mapping(self, key: str) -> "YamlMapping | None":
        """The mapping under `key`; None when it is absent or, with a fault noted, something else."""
        if key not in self.values:
            return None
        value = self.values[key]
        if not isinstance(value, CommentedMap):
            self.fault(f"'{key}' is a mapping", key, f"write it as {key}: {{name: value}}")
            return None
        return YamlMapping(self.file, key, value, self.faults)

    def fault(self, rule: str, key: object, remedy: str) -> None:
        """Notes a fault at `key`, or at the mapping's own line when `key` is None."""
        shown = "nothing" if key is None else f"'{key}'"
        if key in self.values and not isinstance(self.values[key], CommentedMap):
            shown += f": {self.values[key]!r}"
        self.faults.append(InputError(rule, f"{self.file}:{self._line(key)}: {shown}", remedy))

    def _line(self, key: object) -> int:
        known = key is not None and key in self.values
        return int(self.values.lc.key(key)[0] if known else self.values.lc.line) + 1

    def _inside(self) -> str:
        return f" of '{self.label}'" if self.label else ""


def read_mapping(path: Path) -> YamlMapping:
    """Parses the file's top mapping.

    Raises:
        InputError: no such file, not UTF-8 text, malformed YAML (with its line), or no mapping at the top.
    """
    text = _read_text(path)
    try:
        values = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(
            "a data set file is valid YAML", f"{path}:{line}: {error.problem}", "mend that line"
        ) from error
    except (YAMLError, ValueError) as error:
        raise InputError("a data set file is valid YAML", f"{path}: {error}", "mend the file") from error
    if not isinstance(values, CommentedMap):
        raise InputError(
            "a data set file holds keys such as train and val", f"{path}:1: {type(values).__name__}", "see docs/DATA.md"
        )
    return YamlMapping(path, "", values, [])


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        remedy = "pass an existing DATASET.yaml, or 'demo' for the built-in demonstration"
        raise InputError("the data set file can be read", f"{path}: {error.strerror}", remedy) from error
    except UnicodeDecodeError as error:
        raise InputError("a data set file is UTF-8 text", f"{path}: {error.reason}", "save it as UTF-8") from error
