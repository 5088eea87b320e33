"""What `check` knows to be wrong with one split, as a search says it before it trains: errors and notices.

The faults themselves are found by the modules that `check` asks, too. Pictures are opened once for each file
(`opened_pictures`); this module only reads.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from results.boxes import Images
from results.errors import InputError
from trainables.data import fault_kinds as kinds
from trainables.data.annotation_file import AnnotationFile
from trainables.data.box_faults import is_out_of_bounds, usable_boxes, value_faults
from trainables.data.fault_kinds import Fault, FaultKind
from trainables.data.frame_faults import frame_faults
from trainables.data.picture_files import PictureFile
from trainables.data.row_columns import Columns, ImageColumns, IntegerColumn, columns_of
from trainables.data.row_faults import row_faults
from trainables.data.split_faults import damaged_faults, missing_names_faults

# As many boxes, and by as many pixels, are no slips of single boxes any more.
_MOST_OUTSIDE = 0.1
_SLIP_PX = 1.0
_SHOWN = 2
# Said in words of their own above, or by the reader of the file.
_SAID = (kinds.BOX_OUT_OF_BOUNDS, kinds.IMAGE_SIZE_NOT_STATED)


@dataclass(frozen=True)
class Looked:
    """What one split's rows and pictures are like.

    Attributes:
        faults: that stop a search.
        notices: one line each.
        damaged: images that cannot be opened, where the data set allows them.
    """

    faults: tuple[InputError, ...]
    notices: tuple[str, ...]
    damaged: tuple[str, ...]


@dataclass(frozen=True)
class Opening:
    """How the pictures of a data set are opened.

    Attributes:
        allow_damaged: those that cannot be opened are left out.
        say: told when it takes long.
    """

    allow_damaged: bool
    say: Callable[[str], None]


def look_at_annotated(label: str, content: AnnotationFile, folder: Path, opening: Opening) -> Looked:
    """Looks at train or val.

    Args:
        label: what it is called in messages.
        content: its rows, which `results.boxes` could read.
        folder: of its pictures.
        opening: how they are opened.
    """
    columns = columns_of(content)
    looked, pictures = _opened(label, columns.images.file_name, folder, opening)
    sizes = _other_sizes(columns.images, pictures)
    errors = [*_size_faults(label, sizes, content.path, folder), *_unsized(label, columns)]
    frames, notices = _boxes_said(label, columns, content.path)
    turned = sum(not one.is_upright for one in pictures if not one.fault)
    if turned:
        notices.append(f"{label}: EXIF turns {turned} images, and training with it: their boxes must be drawn turned")
    return Looked((*looked.faults, *errors, *frames), (*looked.notices, *notices), looked.damaged)


def look_at_listed(label: str, images: Images, folder: Path, opening: Opening) -> Looked:
    """Looks at images without boxes, such as those of test."""
    looked, pictures = _opened(label, images.file_name, folder, opening)
    sizes = _other_sizes(_columns(images), pictures)
    said = f"{label}: {len(sizes.rows)} images have another size than the list states: {_some(sizes.notes)}"
    return Looked(looked.faults, (*looked.notices, *([said] if len(sizes.rows) else [])), looked.damaged)


def _opened(label: str, names: Sequence[str], folder: Path, opening: Opening) -> tuple[Looked, Sequence[PictureFile]]:
    from trainables.data.opened_pictures import opened_pictures  # needs Pillow: imported only where it is needed

    pictures = opened_pictures(folder, names, opening.say)
    missing = [name for name, one in zip(names, pictures, strict=True) if one.fault and not one.content]
    damaged = [(name, one.fault) for name, one in zip(names, pictures, strict=True) if one.fault and one.content]
    if not opening.allow_damaged:
        faults = [
            *missing_names_faults(label, missing, len(names), folder),
            *damaged_faults(label, damaged, len(names)),
        ]
        return Looked(tuple(faults), (), ()), pictures
    out = (*missing, *(name for name, _ in damaged))
    said = f"{label}: {len(out)} of {len(names)} images cannot be opened and are left out (allow_damaged): {_some(out)}"
    return Looked((), (said,) if out else (), out), pictures


def _other_sizes(images: ImageColumns, pictures: Sequence[PictureFile]) -> Fault:
    from trainables.data.picture_faults import other_sizes

    return other_sizes(images, dict(enumerate(pictures)))


def _size_faults(label: str, sizes: Fault, path: Path, folder: Path) -> list[InputError]:
    if not len(sizes.rows):
        return []
    received = f"{len(sizes.rows)} differ, first {sizes.notes[0]}"
    remedy = f"run prepare check {path.name} --images {folder.name} --fix FIXED.json"
    return [InputError(f"images of {label} must have the size that {path.name} states", received, remedy)]


def _unsized(label: str, columns: Columns) -> list[InputError]:
    sides = columns.images.width_px.values, columns.images.height_px.values
    rows = np.flatnonzero(np.minimum(*sides) <= 0)
    names = [columns.images.file_name[row] for row in rows]
    remedy = "state the sizes, or run prepare check with --images and --fix"
    rule = f"images of {label} must state a width and a height above 0"
    return [InputError(rule, f"{len(rows)} that do not: {_some(names)}", remedy)] if names else []


def _boxes_said(label: str, columns: Columns, path: Path) -> tuple[list[InputError], list[str]]:
    """Faults of all boxes together; of single ones a notice."""
    whole = [fault for fault in frame_faults(columns) if len(fault.rows)]
    if whole:
        return [_frame_error(label, fault, len(columns.annotations.image_row)) for fault in whole], []
    usable = usable_boxes(columns)
    outside, far = is_out_of_bounds(columns) & usable, is_out_of_bounds(columns, _SLIP_PX) & usable
    count = int(usable.sum())
    if far.sum() >= _MOST_OUTSIDE * max(count, 1):
        first = next(fault for fault in value_faults(columns) if fault.kind is kinds.BOX_OUT_OF_BOUNDS).notes
        received = f"{int(far.sum())} of {count} leave it by more than a pixel: {_some(first)}"
        remedy = f"correct image sizes or boxes, or cut them: prepare check {path.name} --fix FIXED.json"
        return [InputError(f"boxes of {label} must lie inside their image", received, remedy)], []
    said = f"{label}: {int(outside.sum())} of {count} boxes leave their image; training cuts them, the score does not"
    return [], [*([said] if outside.any() else []), *_slips(label, columns)]


def _frame_error(label: str, fault: Fault, count: int) -> InputError:
    what = {
        kinds.BOXES_AS_SHARES: ("lie in 0 to 1", "multiply them by the sides of their image"),
        kinds.BOXES_AS_CORNERS: ("look like two corners", "subtract the first corner from the second"),
    }
    seen, remedy = what[fault.kind]
    received = f"{len(fault.rows)} of {count} boxes, which {seen}"
    return InputError(f"boxes of {label} must be x, y, width, height in pixels", received, remedy)


def _slips(label: str, columns: Columns) -> list[str]:
    """What else `check` calls an error and readers take."""
    found = [fault for fault in [*row_faults(columns, {}), *value_faults(columns)] if _is_slip(fault)]
    counts = ", ".join(f"{len(fault.rows)} {fault.kind.name}" for fault in found)
    return [f"{label}: {counts} (prepare check names them)"] if counts else []


def _is_slip(fault: Fault) -> bool:
    kind: FaultKind = fault.kind
    return bool(len(fault.rows)) and kind.severity == "error" and kind not in _SAID


def _columns(images: Images) -> ImageColumns:
    every = np.ones(len(images), dtype=np.bool_)
    ids, width, height = (IntegerColumn(one, every) for one in (images.image_id, images.width_px, images.height_px))
    return ImageColumns(ids, images.file_name, width, height)


def _some(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return "; ".join(texts[:_SHOWN]) + more
