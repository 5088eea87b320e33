"""Faults of one YAML file, gathered so that the user sees all of them at once, each with file and line.

This module does not decide what a fault is.
"""

from results.errors import InputError, InputErrors

# A received value longer than this is cut: one fault is one line that a terminal shows.
MAX_SHOWN_CHARACTERS = 80


class Faults:
    """Collects faults of one file; a fault found again (by way of another profile) is kept once.

    Attributes:
        profile: named in the faults that are added from now on; None for the file as written.
    """

    def __init__(self, file: str) -> None:
        """Starts without faults.

        Args:
            file: how the file is called in messages.
        """
        self._file = file
        self._found: dict[tuple[int, str, str], tuple[str, str]] = {}
        self._added = 0
        self.profile: str | None = None

    def count(self) -> int:
        """How many faults were added so far, repeated ones too: unchanged over a reading that went well."""
        return self._added

    def add(self, line: int, rule: str, received: str, remedy: str) -> None:
        """Notes one fault at `line` (counted from 1)."""
        self._added += 1
        where = f" (in profile {self.profile})" if self.profile else ""
        self._found.setdefault((line, rule, received), (remedy, where))

    def raise_if_any(self) -> None:
        """Ends the reading with every fault found, in the file's order.

        Raises:
            InputErrors: one line for each fault.
        """
        if not self._found:
            return
        raise InputErrors(
            [
                InputError(rule + where, f"{self._file}:{line}: {_shortened(received)}", remedy)
                for (line, rule, received), (remedy, where) in sorted(self._found.items())
            ]
        )


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[: MAX_SHOWN_CHARACTERS - 3] + "..."
