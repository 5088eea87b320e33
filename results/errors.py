"""The one exception tree of the project, and what each branch means for a command.

    DetectionSearchError            anything this project raises on purpose         exit code 1
    +-- InputError                  the user's input is wrong                       exit code 2
    |   +-- InputErrors             several such faults, found in one pass          exit code 2
    +-- DamagedFileError            a file of ours that cannot be trusted           exit code 1

An `InputError` is one line: the rule that was broken, the value received, and the remedy.
This module does not print and does not exit; `results.commands` does.
"""

from collections.abc import Sequence


class DetectionSearchError(Exception):
    """Root of every exception that this project raises on purpose."""


class InputError(DetectionSearchError):
    """The user's input breaks a rule.

    Args:
        rule: what must hold, e.g. "val and train share no image".
        received: the value that breaks it, with its place where there is one ("cascade.yaml:12: ...").
        remedy: what the user can do about it.
    """

    def __init__(self, rule: str, received: object, remedy: str) -> None:
        self.rule = rule
        self.received = str(received)
        self.remedy = remedy
        super().__init__(self.line())

    def line(self) -> str:
        """The message on one line, whatever line breaks its parts held."""
        return " ".join(f"{self.rule}; received {self.received}; {self.remedy}".split())


class InputErrors(InputError):
    """Several faults of one input, reported together so that the user mends them in one go."""

    def __init__(self, errors: Sequence[InputError]) -> None:
        if not errors:
            raise ValueError("InputErrors needs at least one error, received none; raise it only for a fault")
        self.errors = tuple(errors)
        first = self.errors[0]
        super().__init__(first.rule, first.received, first.remedy)

    def line(self) -> str:
        """One line for each fault."""
        parts = getattr(self, "errors", ())
        return "\n".join(error.line() for error in parts)


class DamagedFileError(DetectionSearchError):
    """A file that this project wrote is cut off, of another schema, or not ours at all."""
