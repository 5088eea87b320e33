import subprocess
import sys

import pytest

from orchestrator.options import parse_options
from results.errors import InputError

# What answers at once must not import these.
HEAVY = ("ray", "optuna", "torch", "pandas", "numba", "rich")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ([], "--space"),
        (["--space", "a", "--trials", "0"], "above 0"),
        (["--space", "a", "--trials", "1.5"], "whole number"),
        (["--space", "a", "--hours", "-1"], "above 0"),
        (["--space", "a", "--hours", "nan"], "above 0"),
        (["--space", "a", "--gpus-per-trial", "half"], "above 0"),
        (["--space", "a", "--seed", "x"], "whole number"),
        (["--space", "a", "--frobnicate"], "--frobnicate"),
    ],
)
def test_a_malformed_command_line_is_one_line(given: list[str], named: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_options(given)
    assert named in caught.value.line()
    assert "\n" not in caught.value.line()
    assert "_" not in caught.value.line()


def test_what_is_not_given_stays_open() -> None:
    options = parse_options(["--space", "cascade.yaml"])
    assert (options.profile, options.trials, options.seed, options.resume) == ("auto", None, None, False)


@pytest.mark.parametrize("line", ["--help", "--space cascade.yaml --profile nonsense"])
def test_help_and_bad_input_load_nothing_heavy(line: str) -> None:
    script = (
        "import sys; from orchestrator.search import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "except BaseException as end:\n    print(type(end).__name__)\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script, *line.split()], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert done.stdout.splitlines()[-2] in ("SystemExit", "InputError")
