"""`prepare compare`: does the test set look like the training set, and which of its images do not.

`comparison` computes, `compare_page` draws. Changes nothing.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from results.screen import Screen
from trainables.data.compare_sentences import sentences
from trainables.data.comparison import Comparison, PictureSet, compared

_SHOWN = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `trainables.data.prepare`."""
    parser.add_argument("train", type=Path, metavar="TRAIN.json", help="COCO annotations")
    parser.add_argument("test", type=Path, metavar="TEST.json", help="COCO image list, with or without annotations")
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="train's image folder")
    parser.add_argument("--test-images", type=Path, metavar="DIR", help="test's, where it is another one")
    parser.add_argument(
        "--predicted", type=Path, nargs="+", default=[], metavar="DETECTIONS.json", help="boxes on the test images"
    )
    parser.add_argument("--least-score", type=float, default=0.3, help="of predicted boxes that count (default 0.3)")
    parser.add_argument("--page", type=Path, metavar="PAGE.html", help="write plots and pictures as one page")
    parser.add_argument("--json", action="store_true", help="print one line of json")


def run(arguments: argparse.Namespace) -> int:
    """Compares, prints and writes the page.

    Raises:
        InputError: a file, a folder or an image is wrong.
    """
    train = PictureSet(arguments.train, arguments.images)
    test = PictureSet(arguments.test, arguments.test_images or arguments.images)
    found = compared(train, test, arguments.predicted, arguments.least_score, lambda line: print(line, file=sys.stderr))
    if arguments.page:
        from trainables.data.compare_page import write_compare_page  # matplotlib takes most of a second

        write_compare_page(arguments.page, found, train, test)
    if arguments.json:
        print(json.dumps(as_json(found), ensure_ascii=False))
    else:
        _print(Screen(), found)
    return 0


def as_json(found: Comparison) -> dict[str, object]:
    """Everything but the single images' measures, as plain data."""
    return {
        "images": {"train": len(found.train.file_names), "test": len(found.test.file_names)},
        "unreadable": {"train": list(found.train.unreadable), "test": list(found.test.unreadable)},
        "statements": [{**asdict(one), "differs": one.differs} for one in found.statements],
        "same_images": [list(pair) for pair in found.same],
        "copies": [list(pair) for pair in found.copies],
        "odd_images": found.odd,
        "unlike": [
            {"file_name": found.test.file_names[one.row], "distance": round(one.distance, 3), "reason": one.reason}
            for one in found.unlike[:100]
        ],
    }


def _print(console: Console, found: Comparison) -> None:
    sizes = f"train {len(found.train.file_names)} images, test {len(found.test.file_names)}"
    console.print(sizes, highlight=False)
    table = Table(box=None, pad_edge=False)
    for head in ("", "train", "test", "effect", "p, corrected", ""):
        table.add_column(head, justify="right" if head in ("effect", "p, corrected") else "left")
    for one in found.statements:
        mark = "differs" if one.differs else ""
        table.add_row(one.what, one.train, one.test_set, f"{one.effect:.2f}", f"{one.corrected:.2g}", mark)
    console.print(table)
    for line in sentences(found):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    for odd in found.unlike[:_SHOWN]:
        line = f"  {found.test.file_names[odd.row]}  distance {odd.distance:.1f}: {odd.reason}"
        console.print(line, highlight=False, markup=False, soft_wrap=True)
