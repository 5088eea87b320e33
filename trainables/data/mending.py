"""What `check --fix` does: from a delivered file and its faults to a file without errors, and a list of every change.

What cannot be known is left out, never guessed; notices change nothing. Pure: the delivered rows stay as they are.
Images and categories are mended first, because boxes that were sound may lose theirs, or get an image of another size.
"""

from collections.abc import Mapping

from trainables.data.annotation_file import AnnotationFile
from trainables.data.changes import Change
from trainables.data.checking import Check
from trainables.data.mending_annotations import mend_annotations
from trainables.data.mending_categories import plan_categories
from trainables.data.mending_images import plan_images


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
