"""What a command prints: foreign text is shown, never obeyed, and no terminal is too poor for it.

Class names, file names and failure reasons come from files that strangers wrote. Their control characters are escaped
here for whatever is printed, and what a terminal's encoding lacks is replaced. `results.screen` does the same for rich.
"""

import io
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

# Control characters but line break and tab, marks that turn the direction of text, line separators, half characters.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def printable(text: str) -> str:
    r"""The text with control characters as JSON writes them: `\u001b` for an escape."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class _EscapingStream:
    """A text stream whose writers cannot send control characters."""

    def __init__(self, stream: TextIO) -> None:
        self.unescaped = stream

    def write(self, text: str) -> int:
        self.unescaped.write(printable(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:  # whatever else a stream has
        return getattr(self.unescaped, name)


@contextmanager
def foreign_text_escaped() -> Iterator[None]:
    """Lets everything that is printed in the block be shown as text, in any encoding."""
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.stdout, sys.stderr = (cast(TextIO, _EscapingStream(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
