"""Configuration that notes which of its entries are read, and otherwise behaves as mmengine's own."""

import copy
from typing import Any

from mmengine.config import ConfigDict

from trainables.proof.description import is_configuration


class Noting(ConfigDict):  # type: ignore[misc]  # mmengine is untyped
    """A configuration that notes which of its entries are read; copies of it note in the same place.

    Args:
        content: the configuration.
        place: its dotted place.
        reads: places are added here.
    """

    def __init__(self, content: dict[str, Any], place: str, reads: set[str]) -> None:
        super().__init__()
        object.__setattr__(self, "_place", place)
        object.__setattr__(self, "_reads", reads)
        for key, value in _as_they_are(content).items():
            dict.__setitem__(self, key, noting(value, f"{place}.{key}", reads))

    def __getitem__(self, key: str) -> Any:
        """The entry, noted."""
        self._note(key)
        return dict.__getitem__(self, key)

    def __getattr__(self, key: str) -> Any:
        """The entry, noted."""
        if not dict.__contains__(self, key):
            raise AttributeError(key)
        return self[key]

    def get(self, key: str, default: Any = None) -> Any:
        """The entry, noted, or the default."""
        self._note(key)
        return dict.get(self, key, default)

    def pop(self, key: str, default: Any = None) -> Any:
        """The entry, noted, taken out."""
        self._note(key)
        return dict.pop(self, key, default)

    def items(self) -> list[tuple[str, Any]]:
        """All entries, noted."""
        return [(key, self[key]) for key in self.keys()]

    def values(self) -> list[Any]:
        """All entries, noted."""
        return [self[key] for key in self.keys()]

    def __deepcopy__(self, memo: dict[int, Any]) -> "Noting":
        """One that notes in the same place; copying reads nothing."""
        return Noting(copy.deepcopy(_as_they_are(self), memo), self._place, self._reads)

    def __copy__(self) -> "Noting":
        """As `__deepcopy__`."""
        return Noting(_as_they_are(self), self._place, self._reads)

    copy = __copy__

    def _note(self, key: str) -> None:
        if key in self:
            self._reads.add(f"{self._place}.{key}")


def _as_they_are(content: dict[str, Any]) -> dict[str, Any]:
    """The entries in a plain dictionary, nothing noted and nothing built."""
    return {key: dict.__getitem__(content, key) for key in content}


def noting(value: Any, place: str, reads: set[str]) -> Any:
    """A value whose configuration notes what is read from it.

    Args:
        value: anything; what is no configuration stays as it is.
        place: its dotted place.
        reads: places are added here.
    """
    if not is_configuration(value):
        return value
    if isinstance(value, list | tuple):
        return type(value)(noting(one, f"{place}.{index}", reads) for index, one in enumerate(value))
    return Noting(value, place, reads)
