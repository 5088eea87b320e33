"""`python -m results.validate SUBMISSION.json --images TEST.json --rule RULE`: is this file worth an upload?

Prints one line and ends with 0, or one line for each fault and ends with 2. What is checked is `results.submission`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from results.boxes import images_from_coco
from results.commands import CommandParser, run_command
from results.rules import load_rule
from results.submission import check_submission


def main(arguments: Sequence[str]) -> int:
    """Checks one submission.

    Args:
        arguments: the command line after the program's name.

    Returns:
        0.

    Raises:
        InputError: the submission, the image list or the rule is faulty.
    """
    parser = CommandParser(prog="python -m results.validate", description="Check a submission's file.")
    parser.add_argument("submission", type=Path, metavar="SUBMISSION.json")
    parser.add_argument("--images", type=Path, required=True, metavar="TEST.json", help="the contest's image list")
    parser.add_argument("--rule", required=True, help="a built-in rule's name or a rule file")
    chosen = parser.parse_args(arguments)
    rule = load_rule(chosen.rule)
    print(check_submission(chosen.submission, images_from_coco(chosen.images), rule).line())
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
