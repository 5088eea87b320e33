"""`prepare split`: an annotation file into train and validation files, or k folds, that can be trusted.

Stratified over classes and box sizes, grouped, seeded: `split_plan` decides, `split_groups` says what belongs together,
`split_files` writes. The delivered file is not changed.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from results.boxes import FloatArray, IntArray
from results.errors import InputError, one_line
from trainables.data.annotation_file import AnnotationFile, read_annotation_file
from trainables.data.fingerprint import ImageFingerprints, fingerprint_images
from trainables.data.split_files import SIDES, SplitToWrite, check_folder, write_split
from trainables.data.split_groups import checked_pattern, together
from trainables.data.split_plan import BREAKS_PX, Boxes, PartCounts, boxes_of_file, counts_of_part, planned_parts
from trainables.data.split_screen import screen

_SCHEMA = 1


@dataclass(frozen=True)
class Seen:
    """What was found in the image files; empty where no folder was given.

    Attributes:
        prints: all images of the file, None without a folder.
        copies: (P, 2) rows of images that show one picture.
    """

    prints: ImageFingerprints | None = None
    copies: IntArray = field(default_factory=lambda: np.zeros((0, 2), np.int64))


@dataclass(frozen=True)
class Planned:
    """A file with its split.

    Attributes:
        content: the file.
        boxes: its columns.
        groups: (M,) which images stay together.
        part_of: (M,) part of each image; a fold's validation images, or 0 for train and 1 for val.
        breaks_px: between size bins.
        seen: what was found in the image files.
    """

    content: AnnotationFile
    boxes: Boxes
    groups: IntArray
    part_of: IntArray
    breaks_px: tuple[float, ...]
    seen: Seen


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `trainables.data.prepare`."""
    parser.add_argument("annotations", type=Path, metavar="CLEAN.json", help="COCO annotations")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--ratio", default="9:1", metavar="9:1", help="train to val (default 9:1)")
    how.add_argument("--folds", type=int, metavar="K", help="K splits, each image in one val: fold_0/, fold_1/, ...")
    parser.add_argument("--seed", type=int, default=0, help="equal seeds give equal files (default 0)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the files")
    parser.add_argument("--images", type=Path, metavar="DIR", help="image folder: copies stay together, dataset.yaml")
    parser.add_argument("--group-by", metavar="REGEX", help="images whose match is equal stay on one side")
    parser.add_argument(
        "--min-boxes", type=int, default=0, metavar="N", help="refuse a val with fewer boxes of a class"
    )
    parser.add_argument(
        "--rule",
        metavar="RULE",
        help="take its breaks of the short side in place of 40, 120, 420, and name it in dataset.yaml",
    )
    parser.add_argument("--json", action="store_true", help="print one line of json")


def run(arguments: argparse.Namespace) -> int:
    """Plans, checks, writes and tells.

    Raises:
        InputError: the file, an option or an image is wrong, or a class has too few boxes for `--min-boxes`.
    """
    shares, folders = _shares(arguments), _folders(arguments)
    for folder in folders:
        check_folder(folder)
    planned = _planned(arguments, shares)
    _say_faults(planned.content)
    counts = [_counts(planned, rows) for rows in _splits(planned.part_of, arguments.folds)]
    _check_minimum(counts, arguments.min_boxes)
    splits = _splits(planned.part_of, arguments.folds)
    for folder, rows_of, counted in zip(folders, splits, counts, strict=True):
        record = _record(arguments, planned, rows_of, counted)
        told = (arguments.images, arguments.group_by, arguments.rule)
        write_split(folder, SplitToWrite(planned.content, rows_of, record, *told))
    if arguments.json:
        parts = [{side: one.to_dict() for side, one in counted.items()} for counted in counts]
        print(json.dumps({"folders": [str(folder) for folder in folders], "splits": parts}, ensure_ascii=False))
    else:
        screen(folders, counts, _names(planned.content), len(planned.seen.copies))
    return 0


def _shares(arguments: argparse.Namespace) -> FloatArray:
    """The share of each part: (train, val), or one for each fold."""
    if arguments.folds is not None:
        if arguments.folds < 2:  # noqa: PLR2004  # one fold would leave nothing to train on
            raise InputError("--folds is 2 or more", arguments.folds, "give --folds 5, or --ratio 9:1")
        return np.full(arguments.folds, 1 / arguments.folds)
    try:
        train, val = (float(word) for word in arguments.ratio.split(":"))
        if not (0 < train < np.inf and 0 < val < np.inf):
            raise ValueError
    except ValueError as error:
        raise InputError("--ratio is two positive numbers, train:val", arguments.ratio, "write --ratio 9:1") from error
    return np.array([train, val]) / (train + val)


def _folders(arguments: argparse.Namespace) -> list[Path]:
    if arguments.folds is None:
        return [arguments.out]
    return [arguments.out / f"fold_{fold}" for fold in range(arguments.folds)]


def _planned(arguments: argparse.Namespace, shares: FloatArray) -> Planned:
    if arguments.seed < 0:
        raise InputError("--seed is 0 or more", arguments.seed, "give another seed")
    content = read_annotation_file(arguments.annotations)
    boxes, names = boxes_of_file(content), _file_names(content)
    pattern, breaks_px = checked_pattern(arguments.group_by, names), _breaks(arguments.rule)
    seen = Seen() if arguments.images is None else _seen(arguments.images, names)
    groups = together(names, pattern, seen.prints.contents if seen.prints else (), seen.copies)
    part_of = planned_parts(boxes, groups, shares, breaks_px, arguments.seed)
    return Planned(content, boxes, groups, part_of, breaks_px, seen)


def _say_faults(content: AnnotationFile) -> None:
    """Faulty rows are split like others, and said: whoever trains on the parts would meet them there."""
    from trainables.data.checking import Pictures, check  # its rules need pydantic: a quarter of a second

    errors = check(content, Pictures(), {}).errors
    if errors:
        counts = ", ".join(f"{len(fault.rows)} {fault.kind.name}" for fault in errors)
        remedy = f"fix them first: python -m trainables.data.prepare check {content.path} --fix FIXED.json"
        print(one_line(f"notice: {content.path.name} holds errors ({counts}); {remedy}"), file=sys.stderr)


def _file_names(content: AnnotationFile) -> tuple[str, ...]:
    for row, image in enumerate(content.images):
        if not isinstance(image.get("file_name"), str):
            received = f"{content.path}: row {row}: {image.get('file_name')!r}"
            raise InputError("every image has a file name", received, "mend that row")
    return tuple(str(image["file_name"]) for image in content.images)


def _breaks(rule: str | None) -> tuple[float, ...]:
    if rule is None:
        return BREAKS_PX
    from results.rules import load_rule  # reads schemas with pydantic: a quarter of a second

    bounds = [segment.below_px for segment in load_rule(rule).requirement.segments]
    return tuple(bound for bound in bounds if np.isfinite(bound)) or BREAKS_PX


def _seen(folder: Path, names: Sequence[str]) -> Seen:
    from trainables.data.copies import copies_within  # decodes with OpenCV: imported only where it is needed
    from trainables.data.looks import looks_of

    prints = fingerprint_images(folder, names)
    return Seen(prints, copies_within(looks_of(folder, prints, lambda line: print(line, file=sys.stderr))))


def _splits(part_of: IntArray, folds: int | None) -> list[dict[str, IntArray]]:
    """Image rows of train and val, for each split to be written."""
    held_back = [1] if folds is None else range(folds)
    return [{"train": np.flatnonzero(part_of != part), "val": np.flatnonzero(part_of == part)} for part in held_back]


def _counts(planned: Planned, rows_of: Mapping[str, IntArray]) -> dict[str, PartCounts]:
    categories = sorted(_names(planned.content) | {int(key): "" for key in np.unique(planned.boxes.category_id)})
    return {
        side: counts_of_part(planned.boxes, planned.groups, rows_of[side], categories, planned.breaks_px)
        for side in SIDES
    }


def _names(content: AnnotationFile) -> dict[int, str]:
    return {int(str(row["id"])): str(row.get("name", "")) for row in content.categories if "id" in row}


def _check_minimum(counts: Sequence[Mapping[str, PartCounts]], least: int) -> None:
    for number, counted in enumerate(counts):
        short = {
            key: count for key, count in counted["val"].boxes_of.items() if _all(counted, key) > 0 and count < least
        }
        if short:
            where = f"val of fold {number}" if len(counts) > 1 else "val"
            received = f"{where}: {', '.join(f'{count} of class {key}' for key, count in short.items())}"
            remedy = "give val a larger share, use fewer folds, or ask for less"
            raise InputError(f"val holds {least} boxes of every class (--min-boxes)", received, remedy)


def _all(counted: Mapping[str, PartCounts], category: int) -> int:
    return sum(one.boxes_of[category] for one in counted.values())


def _record(
    arguments: argparse.Namespace,
    planned: Planned,
    rows_of: Mapping[str, IntArray],
    counted: Mapping[str, PartCounts],
) -> dict[str, object]:
    """What split.json says; without times and absolute paths, so that equal splits have equal records."""
    source = arguments.annotations.read_bytes()
    return {
        "schema": _SCHEMA,
        "source": arguments.annotations.name,
        "source_digest": hashlib.blake2b(source, digest_size=16).hexdigest(),
        "seed": arguments.seed,
        **({"ratio": arguments.ratio} if arguments.folds is None else {"folds": arguments.folds}),
        "group_by": arguments.group_by,
        "breaks_px": list(planned.breaks_px),
        "parts": {side: {**counted[side].to_dict(), **_prints(planned, rows_of[side])} for side in SIDES},
    }


def _prints(planned: Planned, rows: IntArray) -> dict[str, object]:
    prints = planned.seen.prints
    if prints is None:
        return {"fingerprints": None}
    chosen = rows.tolist()
    names, contents = (tuple(column[row] for row in chosen) for column in (prints.file_names, prints.contents))
    return {"fingerprints": {"file_names": list(names), "contents": list(contents)}}
