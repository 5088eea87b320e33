"""`prepare labels`: other forms of labels, corrected labels back into annotations, boxes worth a second look.

Reads arguments and prints; `label_conversion`, `label_changes` and `suspicious_command` do the work.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from results.errors import InputError
from results.layout import write_atomically
from trainables.data.annotation_file import read_annotation_file, write_annotation_file
from trainables.data.label_changes import Change, Terms, merged
from trainables.data.label_conversion import FORMS, read_labels, write_labels
from trainables.data.label_folders import ENDINGS, read_folder
from trainables.data.label_rows import check_rows

_MOST_LINES = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `trainables.data.prepare`."""
    jobs = parser.add_subparsers(dest="job", required=True, metavar="convert | merge | suspicious")
    _add_convert(jobs.add_parser("convert", help="COCO json, VOC xml, YOLO text, LabelMe json: from any to any"))
    _add_merge(jobs.add_parser("merge", help="corrected or new label files into annotations"))
    _add_suspicious(jobs.add_parser("suspicious", help="boxes that a trial's detections contradict, worst first"))


def run(arguments: argparse.Namespace) -> int:
    """Does the job that was asked for.

    Raises:
        InputError: something is missing or malformed; nothing is written then.
    """
    code: int = {"convert": _convert, "merge": _merge, "suspicious": _suspicious}[arguments.job](arguments)
    return code


def _add_convert(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, metavar="SOURCE", help="a json file for coco, a folder for the others")
    parser.add_argument("target", type=Path, metavar="TARGET", help="a new file for coco, a new folder for the others")
    parser.add_argument("--from", dest="source_form", required=True, choices=FORMS)
    parser.add_argument("--to", dest="target_form", required=True, choices=FORMS)
    parser.add_argument("--categories", type=Path, metavar="COCO.json", help="takes category ids from there")
    _add_reading(parser)


def _add_merge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("annotations", type=Path, metavar="ANNOTATIONS.json", help="COCO annotations")
    parser.add_argument("labels", type=Path, metavar="LABELS", help="folder of label files, of some images or all")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="MERGED.json", help="MERGED.changes.json lies beside it"
    )
    parser.add_argument("--from", dest="source_form", default="voc", choices=tuple(ENDINGS))
    parser.add_argument(
        "--tolerance", type=float, default=1.0, metavar="PX", help="smaller moves are a tool's rounding (default 1)"
    )
    parser.add_argument("--source", metavar="NAME", help="noted at new images (default: the folder's name)")
    parser.add_argument("--prefix", default="", metavar="PATH/", help="put before the file names of new images")
    parser.add_argument("--json", action="store_true", help="print one line of json")
    _add_reading(parser)


def _add_suspicious(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", metavar="NAME", help="the newest run if left out")
    parser.add_argument("--trial", type=int, metavar="N", help="the run's best if left out")
    parser.add_argument("--top", type=int, default=60, metavar="N", help="boxes that are listed and shown (default 60)")
    parser.add_argument("--images", type=Path, metavar="DIR", help="the data set's own if left out")
    parser.add_argument("--page", type=Path, metavar="PAGE.html", help="write a sheet of pictures")
    parser.add_argument("--json", action="store_true", help="print one line of json")


def _add_reading(parser: argparse.ArgumentParser) -> None:
    pixels = "VOC's corners: edges as LabelImg writes them (default), or inclusive, counted from 1 as in Pascal VOC"
    parser.add_argument("--pixels", default="edges", choices=("edges", "inclusive"), help=pixels)
    parser.add_argument(
        "--images", type=Path, metavar="DIR", help="image folder, for sizes that the labels lack (yolo)"
    )


def _convert(arguments: argparse.Namespace) -> int:
    annotations = read_labels(
        arguments.source, arguments.source_form, arguments.pixels, arguments.categories, arguments.images
    )
    write_labels(arguments.target, arguments.target_form, annotations, arguments.pixels)
    print(f"{arguments.target}: {len(annotations.images)} images, {len(annotations.annotations)} boxes")
    return 0


def _merge(arguments: argparse.Namespace) -> int:
    base = read_annotation_file(arguments.annotations)
    check_rows(base)
    if not arguments.tolerance >= 0:
        raise InputError("--tolerance is 0 px or more", arguments.tolerance, "use 1")
    kind = arguments.source_form
    labels = read_folder(arguments.labels, kind, arguments.pixels, base, arguments.images)
    source = arguments.source or arguments.labels.resolve().name
    whole, changes = merged(base, labels.images, Terms(kind, arguments.tolerance, source, arguments.prefix))
    write_annotation_file(arguments.out, whole)
    listed = arguments.out.with_suffix(".changes.json")
    rows = [change.to_dict() for change in changes]
    write_atomically(listed, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    counts = dict(Counter(change.kind for change in changes))
    if arguments.json:
        print(json.dumps({"out": str(arguments.out), "changes": str(listed), "counts": counts}, ensure_ascii=False))
        return 0
    print("\n".join([f"{arguments.out}: {_counted(counts)}", *_change_lines(changes, listed)]))
    return 0


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "nothing changed"


def _change_lines(changes: Sequence[Change], listed: Path) -> list[str]:
    lines = [
        f"  {one.kind}: {one.file_name} {_shown(one.before)} -> {_shown(one.after)}" for one in changes[:_MOST_LINES]
    ]
    return [*lines, f"  ... all in {listed}"] if len(changes) > _MOST_LINES else lines


def _shown(box: tuple[str, tuple[float, float, float, float]] | None) -> str:
    return "nothing" if box is None else f"{box[0]} {[round(side, 2) for side in box[1]]}"


def _suspicious(arguments: argparse.Namespace) -> int:
    from trainables.data.suspicious_command import run_suspicious  # the others read no run

    return run_suspicious(arguments)
