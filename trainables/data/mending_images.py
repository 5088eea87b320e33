"""Which images of a delivered file stay, with what size, and what that means for their boxes.

Decides over rows and faults that were found; opens no picture.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from results.coco_json import Row
from trainables.data import fault_kinds as kinds
from trainables.data.changes import Change
from trainables.data.checking import Check
from trainables.data.exif_turns import turned_box
from trainables.data.fault_kinds import FaultKind
from trainables.data.picture_files import PictureFile
from trainables.data.row_columns import is_integer
from trainables.data.row_faults import is_well_formed_image

_LEFT_OUT = (kinds.MALFORMED_IMAGE, kinds.IMAGE_MISSING, kinds.IMAGE_UNREADABLE, kinds.IMAGE_REPEATED_IN_TEST)


@dataclass(frozen=True)
class ImagePlan:
    """What becomes of the images.

    Attributes:
        rows: that stay, mended.
        changes: what was done.
        id_of_merged: the image id that takes the boxes of an image that was listed again under another id.
        turned: pictures by image id whose boxes were drawn before EXIF turned them.
    """

    rows: Sequence[Row]
    changes: Sequence[Change]
    id_of_merged: Mapping[int, int]
    turned: Mapping[int, PictureFile]

    def moved(self, annotation: Row) -> Row:
        """An annotation's row as it stands after the images were mended; the same one if nothing concerns it."""
        image_id = annotation.get("image_id")
        if not is_integer(image_id):
            return annotation
        if image_id in self.turned:
            annotation = turned_box(annotation, self.turned[image_id])
        if image_id in self.id_of_merged:
            return {**annotation, "image_id": self.id_of_merged[image_id]}
        return annotation


def plan_images(rows: Sequence[Row], check: Check) -> ImagePlan:
    """Decides for every image row.

    Args:
        rows: the images as they were delivered.
        check: what was found in them.
    """
    sizes = _explained_sizes(check)
    out = _left_out(check, sizes)
    merged = _listed_again(check, out)
    ids = check.columns.images.id.values
    sized = {row: picture for row, picture in sizes.items() if row not in out and row not in merged}
    changes = [
        *(_change(kind, check, row, f"left out ({_name(check, row)})") for row, kind in out.items()),
        *(_merged(check, row, int(ids[first])) for row, first in merged.items()),
        *(_sized(check, row, picture) for row, picture in sized.items()),
    ]
    kept = [_with_size(row, sized.get(number)) for number, row in enumerate(rows) if number not in out | merged.keys()]
    return ImagePlan(
        rows=kept,
        changes=sorted(changes, key=lambda one: one.row),
        id_of_merged={int(ids[row]): int(ids[first]) for row, first in merged.items()},
        turned={int(ids[row]): picture for row, picture in sized.items() if _drawn_before_turning(row, check)},
    )


def _left_out(check: Check, sizes: Mapping[int, PictureFile]) -> dict[int, FaultKind]:
    """Rows that nobody can use, and the fault of each that is decisive."""
    found = [(kind, _rows(check, kind)) for kind in _LEFT_OUT]
    for kind in (kinds.IMAGE_SIZE_NOT_STATED, kinds.IMAGE_OF_OTHER_SIZE):
        found.append((kind, [row for row in _rows(check, kind) if row not in sizes]))
    found.append((kinds.DUPLICATE_IMAGE_ID, _unclear_ids(check)))
    out: dict[int, FaultKind] = {}
    for kind, rows in found:
        for row in rows:
            out.setdefault(row, kind)
    return out


def _rows(check: Check, kind: FaultKind) -> list[int]:
    fault = check.fault(kind.name)
    return fault.rows.tolist() if fault else []


def _name(check: Check, row: int) -> str:
    return check.columns.images.file_name[row] or "no file name"


def _change(kind: FaultKind, check: Check, row: int, did: str) -> Change:
    ids = check.columns.images.id
    return Change(kind.name, "images", row, int(ids.values[row]) if ids.is_sound[row] else None, did)


def _merged(check: Check, row: int, first_id: int) -> Change:
    return _change(kinds.DUPLICATE_FILE_NAME, check, row, f"left out, its boxes go to image {first_id}")


def _sized(check: Check, row: int, picture: PictureFile) -> Change:
    width, height = picture.turned_size_px
    if not _drawn_before_turning(row, check):
        return _change(kinds.IMAGE_SIZE_NOT_STATED, check, row, f"size {width}x{height} taken from the picture")
    stored = f"{picture.width_px}x{picture.height_px}"
    did = f"size {stored} -> {width}x{height}, its boxes turned as EXIF says"
    return _change(kinds.IMAGE_OF_OTHER_SIZE, check, row, did)


def _with_size(row: Row, picture: PictureFile | None) -> Row:
    if picture is None:
        return row
    width, height = picture.turned_size_px
    return {**row, "width": width, "height": height}


def _explained_sizes(check: Check) -> dict[int, PictureFile]:
    """Rows that take their size from their picture: none was stated, or EXIF explains the one that was.

    Of any other size nobody can tell whether the boxes are right: a scaled picture looks like a slip in a number.
    """
    pictures = {row: picture for row, picture in check.pictures.of_row.items() if not picture.fault}
    unsized = [row for row in _rows(check, kinds.IMAGE_SIZE_NOT_STATED) if row in pictures]
    turned = [row for row in _rows(check, kinds.IMAGE_OF_OTHER_SIZE) if _drawn_before_turning(row, check)]
    return {row: pictures[row] for row in [*unsized, *turned]}


def _drawn_before_turning(row: int, check: Check) -> bool:
    """The size that is stated is that of the picture as it is stored: the boxes were drawn on that."""
    picture, images = check.pictures.of_row[row], check.columns.images
    stated = (int(images.width_px.values[row]), int(images.height_px.values[row]))
    stored = (picture.width_px, picture.height_px)
    return stated == stored != picture.turned_size_px


def _unclear_ids(check: Check) -> list[int]:
    """Rows that share an id: the later ones if all name one picture, else all."""
    images = check.columns.images
    rows_of: dict[int, list[int]] = defaultdict(list)
    for row, sound in enumerate(is_well_formed_image(images).tolist()):
        if sound:
            rows_of[int(images.id.values[row])].append(row)
    shared = [rows for rows in rows_of.values() if len(rows) > 1]
    return [row for rows in shared for row in (rows[1:] if len({images.file_name[one] for one in rows}) == 1 else rows)]


def _listed_again(check: Check, out: Collection[int]) -> dict[int, int]:
    """Rows that name the picture of an earlier row that stays, and that row."""
    first_of: dict[str, int] = {}
    again = {}
    for row, name in enumerate(check.columns.images.file_name):
        if name and row not in out and first_of.setdefault(name, row) != row:
            again[row] = first_of[name]
    return again
