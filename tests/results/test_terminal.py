import io
import sys
from collections.abc import Sequence

import pytest
from rich.console import Console
from rich.table import Table

from results.commands import run_command
from results.errors import DetectionSearchError, InputError
from results.screen import Screen
from results.terminal import foreign_text_escaped, printable

HOSTILE = "\x1b]0;owned\x07\x1b[31mred\x9b2J\u202egnp.exe\r"


def test_control_characters_and_turned_text_are_shown_and_words_of_any_language_stay() -> None:
    shown = printable(f"{HOSTILE} 瓶盖断点 naïve\t\u3000\nx")
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\r"} & set(shown)
    assert "\\u001b[31mred" in shown and shown.endswith(" 瓶盖断点 naïve\t\u3000\nx")


@pytest.mark.parametrize("code", [1, 2])
def test_no_command_sends_escape_codes_of_foreign_text(capsys: pytest.CaptureFixture[str], code: int) -> None:
    def main(_arguments: Sequence[str]) -> int:
        print(f"class {HOSTILE}")
        raise InputError("a name is plain", HOSTILE, "rename it") if code == 2 else DetectionSearchError(HOSTILE)

    assert run_command(main, []) == code
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err and "\\u001b" in said.out and "\\u001b" in said.err
    assert not hasattr(sys.stdout, "unescaped")


def test_a_failure_with_line_breaks_is_one_short_line(capsys: pytest.CaptureFixture[str]) -> None:
    def main(_arguments: Sequence[str]) -> int:
        raise DetectionSearchError("first\nsecond " + "x" * 10_000 + " the end")

    assert run_command(main, []) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: first second xxx") and line.endswith("the end") and len(line) <= 300


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "gbk"])
def test_a_terminal_that_lacks_a_character_gets_a_replacement(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", out)

    def main(_arguments: Sequence[str]) -> int:
        print("run … 瓶 é \U0001f37e \udcff")
        Screen().print("┃ é …")
        return 0

    assert run_command(main, []) == 0
    out.flush()
    assert b"?" in out.buffer.getvalue()  # type: ignore[attr-defined]  # a BytesIO


@pytest.mark.parametrize("as_cell", [False, True])
def test_rich_shows_brackets_and_codes_and_keeps_its_own(as_cell: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    screen = Screen(out, 200)
    monkeypatch.setattr(screen, "_force_terminal", True)
    monkeypatch.setattr(screen, "_color_system", Console(force_terminal=True, color_system="standard")._color_system)
    text = f"no [brackets] [/x] [red]here[/] :warning: {HOSTILE}"
    table = Table("name")
    table.add_row(text, style="bold")
    screen.print(table if as_cell else text, style="bold", soft_wrap=True, highlight=False)
    assert "no [brackets] [/x] [red]here[/] :warning: \\u001b]0;owned" in out.getvalue()
    assert "\x1b[1m" in out.getvalue() and "\x1b[31mred" not in out.getvalue()


def test_a_screen_made_within_a_command_writes_its_own_codes_unescaped(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    with foreign_text_escaped():
        assert Screen().file is out
        print("\x1b")
    assert out.getvalue() == "\\u001b\n" and sys.stdout is out
