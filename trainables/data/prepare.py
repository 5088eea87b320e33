"""The command `python -m trainables.data.prepare`: everything that is done to a data set before a search.

Each subcommand is a module that offers `add_arguments(parser)` and `run(arguments) -> exit code`; it is imported only
when it is asked for. Nothing here knows what a subcommand does.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from results.commands import CommandParser, run_command


@dataclass(frozen=True)
class Subcommand:
    """One subcommand: what it is for, and the module that runs it."""

    purpose: str
    module: str


SUBCOMMANDS: Mapping[str, Subcommand] = {
    "check": Subcommand("every fault of an annotation file and its pictures", "trainables.data.check_command"),
    "clean": Subcommand("an annotation file without its background class", "trainables.data.clean_command"),
    "split": Subcommand("an annotation file into train and val, or folds", "trainables.data.split_command"),
    "compare": Subcommand("train against test: does one look like the other", "trainables.data.compare_command"),
    "anchors": Subcommand("box sizes, and anchors that reach them at a test scale", "trainables.data.anchors_command"),
    "labels": Subcommand("label formats, corrected labels, suspicious boxes", "trainables.data.labels_command"),
    "pseudo": Subcommand("confident detections as labels for unlabelled images", "trainables.data.pseudo_command"),
    "subsets": Subcommand("a data set for each kind of image or class", "trainables.data.subsets_command"),
}


def main(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = CommandParser(prog="python -m trainables.data.prepare", description="Prepares a data set for a search.")
    parsers = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")
    asked = next((word for word in arguments if word in SUBCOMMANDS), None)
    for name, subcommand in SUBCOMMANDS.items():
        inner = parsers.add_parser(name, help=subcommand.purpose, description=subcommand.purpose)
        if name == asked:
            import_module(subcommand.module).add_arguments(inner)
    parsed = parser.parse_args(arguments)
    code: int = import_module(SUBCOMMANDS[parsed.subcommand].module).run(parsed)
    return code


if __name__ == "__main__":
    sys.exit(run_command(main))
