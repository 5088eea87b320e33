"""Rich's console as this project uses it: foreign text is shown, never obeyed.

`results.terminal` does the same for plain `print`; it does without rich, which takes a tenth of a second to import.
"""

import sys
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from results.terminal import printable


class Screen(Console):
    """Takes text of any origin: square brackets are no markup, and control characters are escaped but for rich's own.

    Args:
        file: where to; standard output if left out.
        width: in characters; the terminal's if left out.
    """

    def __init__(self, file: TextIO | None = None, width: int | None = None) -> None:
        # Rich's own codes must not be escaped, so that it writes past a command's escaping stream.
        target = file or getattr(sys.stdout, "unescaped", sys.stdout)
        super().__init__(file=target, width=width, markup=False, emoji=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Rich's segments, the text of each made printable before it is laid out."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))
