"""`prepare clean`: an annotation file without its background class, ready to be split.

    python -m trainables.data.prepare clean ANNOTATIONS.json --out CLEAN.json [--background 0] [--json]

Repeated annotation ids are no obstacle, they are rebuilt; a file with any other error is refused, and `check --fix`
named. The delivered file is only read.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from rich.text import Text

from results.commands import EXIT_DONE, as_typed
from results.errors import InputError
from results.screen import Screen
from trainables.data import fault_kinds as kinds
from trainables.data.annotation_file import AnnotationFile, read_faulty_file, refuse_overwriting, write_annotation_file
from trainables.data.background import background_note
from trainables.data.check_notes import notes_of
from trainables.data.check_report import figure_lines
from trainables.data.checking import Check, Pictures, check, contest_ids
from trainables.data.washing import Washed, wash

_REBUILT = (kinds.DUPLICATE_ANNOTATION_ID, kinds.ANNOTATION_ID_NOT_STATED)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `clean`."""
    parser.add_argument("annotations", type=Path, metavar="ANNOTATIONS.json", help="COCO file; it is only read")
    parser.add_argument("--out", type=Path, metavar="CLEAN.json", required=True, help="the file to write")
    parser.add_argument(
        "--rule", metavar="RULE", help="whose category ids hold (default: the built-in rules', by name)"
    )
    parser.add_argument("--background", nargs="*", metavar="ID|NAME", help="classes to wash out (default: by name)")
    parser.add_argument("--json", action="store_true", help="print one line of json")


def run(arguments: argparse.Namespace) -> int:
    """Cleans, writes, and says what went.

    Raises:
        InputError: the file has errors that cleaning cannot mend, or `--out` is the delivered file.
    """
    refuse_overwriting(arguments.annotations, arguments.out)
    annotation_file = read_faulty_file(arguments.annotations)
    checked = check(annotation_file, Pictures(), contest_ids(arguments.rule), arguments.background)
    _refuse_errors(checked, arguments.annotations)
    ids = checked.figures.background.category_ids
    washed = wash(annotation_file, checked.columns, ids)
    write_annotation_file(arguments.out, washed.annotation_file)
    note = background_note(checked.columns.categories, ids, arguments.background)
    _report(arguments, checked, washed, note)
    return EXIT_DONE


def _refuse_errors(checked: Check, path: Path) -> None:
    left = [fault for fault in checked.errors if fault.kind not in _REBUILT]
    if left:
        found = ", ".join(f"{len(fault.rows)} {fault.kind.name}" for fault in left)
        remedy = f"mend them first: {as_typed('python -m trainables.data.prepare check')} {path} --fix FIXED.json"
        raise InputError("a file to be cleaned has no errors but repeated annotation ids", f"{path}: {found}", remedy)


def _report(arguments: argparse.Namespace, checked: Check, washed: Washed, note: str) -> None:
    clean = _figures_of(washed.annotation_file)
    if arguments.json:
        print(json.dumps(_report_dict(arguments, checked, washed, clean, note), ensure_ascii=False))
        return
    background = checked.figures.background
    lines = [
        f"{note}: {background.boxes} boxes, and {background.images_with_background_only} images that hold nothing else",
        f"written: {arguments.out} with {clean.figures.images} images and {clean.figures.boxes} boxes; annotation ids "
        "are rebuilt from 1, category and image ids stay",
        *figure_lines(clean.figures),
        *notes_of(checked.figures),
    ]
    for line in lines:
        Screen().print(Text(line), soft_wrap=True)


def _figures_of(clean: AnnotationFile) -> Check:
    return check(clean, Pictures(), {}, [])


def _report_dict(
    arguments: argparse.Namespace, checked: Check, washed: Washed, clean: Check, note: str
) -> dict[str, object]:
    return {
        "file": str(arguments.annotations),
        "out": str(arguments.out),
        "images": clean.figures.images,
        "boxes": clean.figures.boxes,
        "background": {**asdict(checked.figures.background), "note": note},
        "images_left_out": list(washed.images_left_out),
        "exact_duplicates_kept": sum(len(one.rows) for one in clean.faults if one.kind is kinds.EXACT_DUPLICATE),
        "figures": clean.figures.to_dict(),
        "notes": notes_of(checked.figures),
    }
