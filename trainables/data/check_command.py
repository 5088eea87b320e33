"""`prepare check`: every fault of an annotation file, and of its pictures where they are, in one report.

    python -m trainables.data.prepare check ANNOTATIONS.json [--images DIR] [--test TEST.json] [--json]
        [--fix FIXED.json [--drop [SHARE]]] [--page PAGE.html]

The exit code is 0 without errors, notices or not, and 2 with errors; with `--fix`, what counts is the fixed file. A
fix that leaves out more than a fifth of the images or boxes is refused, unless `--drop` allows it.
The delivered file is only read.
"""

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path

from results.commands import EXIT_DONE
from results.errors import InputError
from results.screen import Screen
from trainables.data.annotation_file import AnnotationFile, read_faulty_file, refuse_overwriting, write_annotation_file
from trainables.data.background import background_note
from trainables.data.changes import changes_path, write_changes
from trainables.data.check_notes import notes_of, picture_note
from trainables.data.check_page import write_check_page
from trainables.data.check_report import print_changes, print_report, report_dict
from trainables.data.checking import Check, Pictures, check, contest_ids, look_at_pictures
from trainables.data.mending import MOST_DROPPED, Repaired, check_dropped, repaired
from trainables.data.respelling import ids_path, write_ids


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `check`."""
    parser.add_argument("annotations", type=Path, metavar="ANNOTATIONS.json", help="COCO file; it is only read")
    parser.add_argument("--images", type=Path, metavar="DIR", help="folder of the pictures; left out, none is opened")
    parser.add_argument("--test", type=Path, metavar="TEST.json", help="test images that must not be among these")
    parser.add_argument("--test-images", type=Path, metavar="DIR", help="their folder (default: that of --images)")
    parser.add_argument(
        "--rule", metavar="RULE", help="whose category ids hold (default: the built-in rules', by name)"
    )
    parser.add_argument(
        "--background", nargs="*", metavar="ID|NAME", help="classes that nobody scores (default: by name)"
    )
    parser.add_argument(
        "--fix", type=Path, metavar="FIXED.json", help="write a file without errors, and a list of changes"
    )
    parser.add_argument(
        "--drop",
        type=_share,
        nargs="?",
        const=1.0,
        metavar="SHARE",
        help="share of the images or boxes that --fix may leave out (default 0.2; without a number: any)",
    )
    parser.add_argument("--page", type=Path, metavar="PAGE.html", help="write the report with pictures as one page")
    parser.add_argument("--json", action="store_true", help="print one line of json")


def run(arguments: argparse.Namespace) -> int:
    """Checks, reports, and mends if asked.

    Raises:
        InputError: the file has errors (after the report), or a flag is wrong.
    """
    delivered = arguments.annotations
    _check_flags(arguments)
    annotation_file = read_faulty_file(delivered)
    test = (arguments.test, arguments.test_images or arguments.images) if arguments.test else None
    ids = contest_ids(arguments.rule)
    pictures = look_at_pictures(annotation_file, arguments.images, test)
    checked = check(annotation_file, pictures, ids, arguments.background)
    fixed = repaired(annotation_file, pictures, ids) if arguments.fix else None
    left = checked if fixed is None else _checked_again(fixed.file, checked, arguments)
    if fixed:
        _write(fixed, annotation_file, checked, arguments)
    if arguments.page:
        write_check_page(arguments.page, checked, delivered, _notes(checked, arguments.background))
    _report(arguments, checked, left, fixed)
    if left.errors:
        raise _errors_left(left, arguments.fix or delivered)
    return EXIT_DONE


def _write(fixed: Repaired, delivered: AnnotationFile, checked: Check, arguments: argparse.Namespace) -> None:
    """Writes the fixed file, the list of changes, and the numbers of ids that were given some.

    Raises:
        InputError: too much would be left out; the report is printed first, nothing is written.
    """
    try:
        check_dropped(delivered, fixed.file, MOST_DROPPED if arguments.drop is None else arguments.drop)
    except InputError:
        if not arguments.json:
            print_report(Screen(), checked, arguments.annotations, _notes(checked, arguments.background))
            print_changes(Screen(), fixed.changes)
        raise
    write_annotation_file(arguments.fix, fixed.file)
    write_changes(changes_path(arguments.fix), arguments.annotations, fixed.changes)
    if fixed.renumbered:
        write_ids(ids_path(arguments.fix), fixed.renumbered)


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no share from 0 to 1")
    return share


def _check_flags(arguments: argparse.Namespace) -> None:
    written = [path for path in (arguments.fix, arguments.page) if path]
    written += [changes_path(arguments.fix), ids_path(arguments.fix)] if arguments.fix else []
    if arguments.drop is not None and not arguments.fix:
        raise InputError("--drop must stand with --fix", "--drop alone", "pass --fix FIXED.json, or leave --drop out")
    for path in written:
        refuse_overwriting(arguments.annotations, path)
    if arguments.test and not arguments.images:
        raise InputError("pictures are compared with those of test", "--test without --images", "give --images DIR")
    for folder in (arguments.images, arguments.test_images):
        if folder and not folder.is_dir():
            raise InputError("a folder of pictures exists", str(folder), "correct the path")


def _checked_again(mended: AnnotationFile, before: Check, arguments: argparse.Namespace) -> Check:
    """The mended file checked with what was read of the pictures before."""
    names = before.columns.images.file_name
    of_name = {names[row]: picture for row, picture in before.pictures.of_row.items()}
    of_row = {row: of_name[str(image["file_name"])] for row, image in enumerate(mended.images)} if of_name else {}
    pictures: Pictures = replace(before.pictures, of_row=of_row)
    return check(mended, pictures, contest_ids(arguments.rule), background=[])


def _notes(checked: Check, background: list[str] | None) -> list[str]:
    named = background_note(checked.columns.categories, checked.figures.background.category_ids, background)
    return [named, picture_note(checked), *notes_of(checked.figures)]


def _report(arguments: argparse.Namespace, checked: Check, left: Check, repair: Repaired | None) -> None:
    delivered, fixed, notes = arguments.annotations, arguments.fix, _notes(checked, arguments.background)
    changes = repair.changes if repair else ()
    if arguments.json:
        found = report_dict(checked, delivered, notes)
        if fixed:
            found["fixed"] = {"file": str(fixed), "errors": sum(len(one.rows) for one in left.errors)}
            found["changes"] = [asdict(change) for change in changes]
        print(json.dumps(found, ensure_ascii=False))
        return
    console = Screen()
    print_report(console, checked, delivered, notes)
    if fixed:
        if changes:
            print_changes(console, changes)
        console.print(f"written: {fixed} and {changes_path(fixed)} ({len(changes)} changes)", soft_wrap=True)
        if repair and repair.renumbered:
            console.print(f"written: {ids_path(fixed)}, the numbers that ids were given", soft_wrap=True)


def _errors_left(left: Check, path: Path) -> InputError:
    kinds = ", ".join(f"{len(fault.rows)} {fault.kind.name}" for fault in left.errors)
    return InputError(
        "an annotation file has no errors", f"{path}: {kinds}", "mend it, or write a copy with --fix FIXED.json"
    )
