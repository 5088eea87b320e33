"""The one exception tree of the project, and what each branch means for a command.

    DetectionSearchError            anything this project raises on purpose         exit code 1
    +-- InputError                  the user's input is wrong                       exit code 2
    |   +-- InputErrors             several such faults, found in one pass          exit code 2
    +-- DamagedFileError            a file of ours that cannot be trusted           exit code 1
    +-- DiskError                   a file cannot be written: disk full, no rights  exit code 1 or 2

An `InputError` is one line: the rule that was broken, the value received, and the remedy.
This module does not print and does not exit; `results.commands` does.
"""

from collections.abc import Sequence

from results.terminal import printable

# A message is one line that a terminal and a log show whole; the limit includes the "error: " of a command.
MAX_LINE_CHARACTERS = 300
MAX_LINES = 30  # of one input's faults
_PREFIX_CHARACTERS = len("error: ")
_LEAST_RECEIVED = 40


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
        """The message on one line, whatever line breaks and however much text its parts held.

        What was received is cut first, in its middle: a place stands at its beginning, a reason at its end.
        """
        rule, received, remedy = (_plain(part) for part in (self.rule, self.received, self.remedy))
        room = MAX_LINE_CHARACTERS - _PREFIX_CHARACTERS - len("; received ; ") - len(rule)
        received = cut_in_the_middle(received, max(room - len(remedy), _LEAST_RECEIVED))
        remedy = cut_in_the_middle(remedy, max(room - len(received), _LEAST_RECEIVED))
        return one_line(f"{rule}; received {received}; {remedy}")


class InputErrors(InputError):
    """Several faults of one input, reported together so that the user mends them in one go."""

    def __init__(self, errors: Sequence[InputError]) -> None:
        if not errors:
            raise ValueError("InputErrors needs at least one error, received none; raise it only for a fault")
        self.errors = tuple(errors)
        first = self.errors[0]
        super().__init__(first.rule, first.received, first.remedy)

    def line(self) -> str:
        """One line for each fault, and the number of those beyond `MAX_LINES`."""
        parts = getattr(self, "errors", ())
        lines = [error.line() for error in parts[:MAX_LINES]]
        more = len(parts) - len(lines)
        return "\n".join([*lines, f"and {more} more; fix those above first"] if more else lines)


class DiskError(DetectionSearchError, OSError):
    """A file cannot be written; `results.disk` makes it. An OSError, too, whose errno tells the kinds apart.

    Args:
        message: which file, why, and what to do.
        number: the system's errno.
        is_input: whether another path would do: then it is the user's input that is wrong, exit code 2.
    """

    def __init__(self, message: str, number: int, is_input: bool = False) -> None:
        super().__init__(message)
        self.errno = number
        self.is_input = is_input


class DamagedFileError(DetectionSearchError):
    """A file that this project wrote is cut off, of another schema, or not ours at all."""


def one_line(text: str) -> str:
    """A message on one line of at most `MAX_LINE_CHARACTERS` with a command's prefix; cut in its middle."""
    return cut_in_the_middle(_plain(text), MAX_LINE_CHARACTERS - _PREFIX_CHARACTERS)


def _plain(text: str) -> str:
    # Before a cut: a control character is longer once it is escaped.
    return " ".join(printable(text).split())


def cut_in_the_middle(text: str, limit: int) -> str:
    """The text, or its beginning and its end with " ... " between them where it is longer than `limit`."""
    if len(text) <= limit:
        return text
    kept = limit - len(" ... ")
    return f"{text[: kept - kept // 2]} ... {text[len(text) - kept // 2 :]}"
