"""Faults of picture files against the rows that name them: missing, unreadable, of another size, turned, repeated.

Pure functions over what `picture_files` has read.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from trainables.data import fault_kinds as kinds
from trainables.data.fault_kinds import Fault, FaultKind
from trainables.data.picture_files import PictureFile
from trainables.data.row_columns import ImageColumns
from trainables.data.row_faults import has_stated_size

NoteOf = Callable[[int, PictureFile], str]


def picture_faults(
    images: ImageColumns, picture_of: Mapping[int, PictureFile], test_name_of: Mapping[str, str]
) -> list[Fault]:
    """Every fault of the pictures, one for each kind, with no rows where there is none.

    Args:
        images: of the file.
        picture_of: what was read, by image row; rows without a file name have none.
        test_name_of: file names of test images by content hash.
    """
    missing = {row: picture.fault for row, picture in picture_of.items() if picture.fault and not picture.content}
    unreadable = {row: picture.fault for row, picture in picture_of.items() if picture.fault and picture.content}
    sound = {row: picture for row, picture in picture_of.items() if not picture.fault}
    turned = {row: f"EXIF orientation {one.orientation}" for row, one in sound.items() if not one.is_upright}
    return [
        _fault(kinds.IMAGE_MISSING, missing, images),
        _fault(kinds.IMAGE_UNREADABLE, unreadable, images),
        other_sizes(images, picture_of),
        _fault(kinds.IMAGE_EXIF_ROTATED, turned, images),
        _fault(kinds.IMAGE_REPEATED_IN_TEST, _in_test(picture_of, test_name_of), images),
        _fault(kinds.IMAGE_REPEATED, _repeated(images, picture_of), images),
    ]


def other_sizes(images: ImageColumns, picture_of: Mapping[int, PictureFile]) -> Fault:
    """Pictures of another size than the row states; `check` and searches share it.

    Args:
        images: of the file.
        picture_of: what was read, by image row.
    """
    found = {}
    stated_rows = set(np.flatnonzero(has_stated_size(images)).tolist())
    sound = {row: picture for row, picture in picture_of.items() if not picture.fault}
    for row, picture in sound.items():
        stated = (int(images.width_px.values[row]), int(images.height_px.values[row]))
        if row in stated_rows and stated != picture.turned_size_px:
            turned = "" if picture.is_upright else f", turned as EXIF orientation {picture.orientation} says"
            width, height = picture.turned_size_px
            found[row] = f"the picture is {width}x{height}{turned}, stated is {stated[0]}x{stated[1]}"
    return _fault(kinds.IMAGE_OF_OTHER_SIZE, found, images)


def _in_test(picture_of: Mapping[int, PictureFile], test_name_of: Mapping[str, str]) -> dict[int, str]:
    contents = {row: picture.content for row, picture in picture_of.items() if picture.content}
    return {row: f"as {test_name_of[content]} of test" for row, content in contents.items() if content in test_name_of}


def _repeated(images: ImageColumns, picture_of: Mapping[int, PictureFile]) -> dict[int, str]:
    """Files with the bytes of an earlier file; the same file listed twice is another fault."""
    first_of: dict[str, int] = {}
    found = {}
    for row, picture in sorted(picture_of.items()):
        first = first_of.setdefault(picture.content, row) if picture.content else row
        if images.file_name[first] != images.file_name[row]:
            found[row] = f"as image {images.id.values[first]} ({images.file_name[first]})"
    return found


def _fault(kind: FaultKind, note_of: Mapping[int, str], images: ImageColumns) -> Fault:
    rows: Sequence[int] = sorted(note_of)
    notes = tuple(f"{images.file_name[row]}: {note_of[row]}" for row in rows)
    return Fault(kind, np.array(rows, dtype=np.int64), notes)
