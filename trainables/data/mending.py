"""What `check --fix` does: from a delivered file and its faults to a file without errors, and a list of every change.

What cannot be known is left out, never guessed; notices change nothing. Pure: the delivered rows stay as they are.
Images and categories are mended first, because boxes that were sound may lose theirs, or get an image of another size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from results.coco_json import Row
from results.errors import InputError
from trainables.data.annotation_file import AnnotationFile
from trainables.data.changes import Change
from trainables.data.checking import Check, Pictures, check
from trainables.data.mending_annotations import mend_annotations
from trainables.data.mending_categories import plan_categories
from trainables.data.mending_images import plan_images
from trainables.data.respelling import respelt

MOST_DROPPED = 0.2


@dataclass(frozen=True)
class Repaired:
    """A delivered file without its errors.

    Attributes:
        file: what is left of it.
        changes: to its rows, in the order in which they were made.
        renumbered: by table, ids that were given numbers, as they were written.
    """

    file: AnnotationFile
    changes: tuple[Change, ...]
    renumbered: Mapping[str, Mapping[str, int]]


def repaired(delivered: AnnotationFile, pictures: Pictures, contest_ids: Mapping[str, int]) -> Repaired:
    """Converts what is merely spelt otherwise, then mends what is wrong.

    Args:
        delivered: the file.
        pictures: what was read of its pictures.
        contest_ids: category ids by name as the competition gave them.
    """
    spelt = respelt(delivered)
    mended, changes = mend(spelt.file, check(spelt.file, pictures, contest_ids), contest_ids)
    return Repaired(mended, (*spelt.changes, *changes), spelt.renumbered)


def check_dropped(delivered: AnnotationFile, fixed: AnnotationFile, most: float) -> None:
    """Refuses a repair that throws data away.

    Args:
        delivered: the file.
        fixed: what is left of it.
        most: share of the images, and of the boxes, that may be left out.

    Raises:
        InputError: more would be.
    """
    counts = {
        "images": (_pictures(delivered.images), _pictures(fixed.images)),
        "boxes": (len(delivered.annotations), len(fixed.annotations)),
    }
    lost = [f"{had - left} of {had} {word}" for word, (had, left) in counts.items() if had - left > most * had]
    if lost:
        rule = f"--fix must leave out at most {most:.0%} of the images or boxes"
        remedy = "nothing was written; see the report for the reasons, or pass --drop to accept the loss"
        raise InputError(rule, " and ".join(lost), remedy)


def _pictures(images: Sequence[Row]) -> int:
    """How many pictures are listed: rows that name one picture count once."""
    names = [row.get("file_name") for row in images]
    known = {name for name in names if isinstance(name, str)}
    return len(known) + sum(not isinstance(name, str) for name in names)


def mend(
    annotation_file: AnnotationFile, check: Check, contest_ids: Mapping[str, int]
) -> tuple[AnnotationFile, tuple[Change, ...]]:
    """The mended file, and what was done, tables in the order images, categories, annotations.

    Args:
        annotation_file: as it was delivered.
        check: what was found in it.
        contest_ids: category ids by name as the competition gave them.
    """
    images = plan_images(annotation_file.images, check)
    categories = plan_categories(annotation_file.categories, contest_ids)
    moved = [categories.moved(images.moved(row)) for row in annotation_file.annotations]
    between = annotation_file.with_rows(images.rows, moved, categories.rows)
    annotations, changes = mend_annotations(between)
    mended = between.with_rows(images.rows, annotations)
    return mended, (*images.changes, *categories.changes, *changes)
