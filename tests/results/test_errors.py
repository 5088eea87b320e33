from hypothesis import given
from hypothesis import strategies as st

from results.errors import MAX_LINE_CHARACTERS, MAX_LINES, InputError, InputErrors, cut_in_the_middle
from results.terminal import printable

TEXT = st.text(st.characters(), max_size=2000) | st.text("\x1b a", max_size=2000)


@given(TEXT, TEXT, TEXT)
def test_a_message_is_one_line_of_at_most_300_characters(rule: str, received: str, remedy: str) -> None:
    line = InputError(rule, received, remedy).line()
    assert len(printable("error: " + line)) <= MAX_LINE_CHARACTERS
    assert len(line.splitlines()) <= 1


def test_a_long_value_is_cut_in_its_middle_and_its_place_and_remedy_stay() -> None:
    line = InputError("'train' is a mapping", "a.yaml:3: 'train': " + "x" * 500_000 + "END", "see docs/DATA.md").line()
    assert line.startswith("'train' is a mapping; received a.yaml:3: 'train': xxx")
    assert line.endswith("xxxEND; see docs/DATA.md") and " ... " in line


def test_what_fits_is_not_cut() -> None:
    assert InputError("a rule", "a value", "a remedy").line() == "a rule; received a value; a remedy"
    assert cut_in_the_middle("x" * 300, 300) == "x" * 300


def test_a_thousand_faults_are_counted_and_not_printed() -> None:
    lines = InputErrors([InputError("a rule", number, "a remedy") for number in range(1000)]).line().splitlines()
    assert len(lines) == MAX_LINES + 1
    assert lines[-1] == f"and {1000 - MAX_LINES} more; fix those above first"
