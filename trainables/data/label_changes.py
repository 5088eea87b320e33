"""Labels that a person changed, brought back into the annotations that they were exported from.

Rows are matched within an image: by annotation id where the label tool kept it, else by overlap, so that a moved or
renamed box keeps its id and its other fields. What was not touched stays as it was, to the last digit. Images that the
annotations do not have are added with where they come from. Category ids never change. Pure; reads no files.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import cast

from results.coco_json import Row
from results.errors import InputError, InputErrors
from results.nearest import listed, nearest
from trainables.data.annotation_file import AnnotationFile
from trainables.data.labelled_image import Box, LabelledBox, LabelledImage, stem_of

_SAME_CLASS_IOU, _OTHER_CLASS_IOU = 0.1, 0.5
UNTOUCHED_PX = 0.01


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        kind: moved, renamed (and perhaps moved), added, removed, or "image added".
        file_name: of the image.
        annotation_id: of the row; None for an image.
        before: class name and xywh; None for what is new.
        after: the same; None for what is gone.
    """

    kind: str
    file_name: str
    annotation_id: int | None = None
    before: tuple[str, Box] | None = None
    after: tuple[str, Box] | None = None

    def to_dict(self) -> dict[str, object]:
        """As json."""
        return asdict(self)


@dataclass(frozen=True)
class Terms:
    """How labels are brought back.

    Attributes:
        format: whose extra fields the rows keep, under its name.
        tolerance_px: sides that differ by no more than this were not moved by a person.
        source: noted at every image that is added; nothing where it is empty.
        prefix: put before the file names of images that are added.
    """

    format: str
    tolerance_px: float = UNTOUCHED_PX
    source: str = ""
    prefix: str = ""


def merged(base: AnnotationFile, labels: Sequence[LabelledImage], terms: Terms) -> tuple[AnnotationFile, list[Change]]:
    """The annotations with the labels in them, and what that changed.

    Args:
        base: sound rows (`labelled_rows` checks them); images without a label file stay as they are.
        labels: one an image.
        terms: see there.

    Raises:
        InputErrors: classes that the annotations do not have, two label files of one image, or a new one without size.
    """
    writer = _Writer(base, terms)
    rows_of = rows_by_image(base)
    image_of = {stem_of(str(row["file_name"])): row for row in base.images}
    _check(labels, image_of, writer.id_of)
    kept: dict[int, Row | None] = {}
    for one in labels:
        row = image_of.get(stem_of(one.file_name)) or image_of.get(stem_of(terms.prefix + one.file_name))
        if row is None:
            writer.add_image(one)
        else:
            kept |= writer.change_image(row, rows_of.get(cast(int, row["id"]), []), one)
    stayed = (kept.get(place, row) for place, row in enumerate(base.annotations))
    rows = [row for row in stayed if row is not None]
    return base.with_rows([*base.images, *writer.images], [*rows, *writer.rows]), writer.changes


def rows_by_image(base: AnnotationFile) -> dict[int, list[int]]:
    """Places of the annotation rows, by image id."""
    places: dict[int, list[int]] = {}
    for place, row in enumerate(base.annotations):
        places.setdefault(cast(int, row["image_id"]), []).append(place)
    return places


def pairs(old: Sequence[LabelledBox], new: Sequence[LabelledBox]) -> dict[int, int]:
    """Places in `new` to places in `old`: by id, then by overlap within a class, then across classes."""
    found = _by_id(old, new)
    for same_class, least in ((True, _SAME_CLASS_IOU), (False, _OTHER_CLASS_IOU)):
        taken = set(found.values())
        close = [
            (-overlap, at_old, at_new)
            for at_new, after in enumerate(new)
            for at_old, before in enumerate(old)
            if at_new not in found and at_old not in taken and (before.name == after.name) >= same_class
            if (overlap := box_overlap(before.xywh, after.xywh)) >= least
        ]
        for _, at_old, at_new in sorted(close):
            if at_new not in found and at_old not in taken:
                found[at_new] = at_old
                taken.add(at_old)
    return found


def box_overlap(one: Box, other: Box) -> float:
    """IoU; 1 for equal boxes, those without area included."""
    if one == other:
        return 1.0
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (one[2] * one[3] + other[2] * other[3] - width * height)


def _by_id(old: Sequence[LabelledBox], new: Sequence[LabelledBox]) -> dict[int, int]:
    """Ids that each side has once: annotation ids repeat in real files, and label tools copy boxes with theirs."""
    counts = [Counter(box.annotation_id for box in side) for side in (old, new)]
    place_of = {box.annotation_id: place for place, box in enumerate(old)}
    return {
        place: place_of[box.annotation_id]
        for place, box in enumerate(new)
        if box.annotation_id is not None and all(count[box.annotation_id] == 1 for count in counts)
    }


class _Writer:
    """Collects new rows and changes."""

    def __init__(self, base: AnnotationFile, terms: Terms) -> None:
        self._terms = terms
        self.id_of = {str(row["name"]): cast(int, row["id"]) for row in base.categories}
        self._name_of = {id_: name for name, id_ in self.id_of.items()}
        self._annotations = base.annotations
        self._last_image, self._last_row = _last_id(base.images), _last_id(base.annotations)
        self.images: list[Row] = []
        self.rows: list[Row] = []
        self.changes: list[Change] = []

    def change_image(self, image: Row, places: Sequence[int], label: LabelledImage) -> dict[int, Row | None]:
        """What becomes of an image's rows, by their places; None for one that is gone."""
        rows = [self._annotations[place] for place in places]
        old, new = [row_box(row, self._name_of) for row in rows], [self._known(box) for box in label.boxes]
        found, name = pairs(old, new), str(image["file_name"])
        kept: dict[int, Row | None] = {}
        for at_new, box in enumerate(new):
            if at_new in found:
                at_old = found[at_new]
                kept[places[at_old]] = self._changed(rows[at_old], old[at_old], box, name)
            else:
                self._add(cast(int, image["id"]), name, box)
        for at_old in sorted(set(range(len(old))) - set(found.values())):
            kept[places[at_old]] = None
            gone = old[at_old]
            self.changes.append(Change("removed", name, gone.annotation_id, (gone.name, gone.xywh)))
        return kept

    def add_image(self, label: LabelledImage) -> None:
        """A new image with all its boxes."""
        self._last_image += 1
        width, height = label.size_px or (0, 0)
        name = self._terms.prefix + label.file_name
        row: dict[str, object] = {"id": self._last_image, "file_name": name, "width": width, "height": height}
        row |= {"source": self._terms.source} if self._terms.source else {}
        self.images.append(row | self._extras(label.extras))
        self.changes.append(Change("image added", name))
        for box in label.boxes:
            self._add(self._last_image, name, self._known(box))

    def _known(self, box: LabelledBox) -> LabelledBox:
        return box if box.name in self.id_of else LabelledBox(box.name.strip(), box.xywh, box.annotation_id, box.extras)

    def _changed(self, row: Row, old: LabelledBox, new: LabelledBox, file_name: str) -> Row:
        moved = not _within(old.xywh, new.xywh, self._terms.tolerance_px)
        if not moved and old.name == new.name:
            return row
        changed = {**row, "category_id": self.id_of[new.name]}
        if moved:
            changed = {key: value for key, value in changed.items() if key != "segmentation"}  # it outlined the old box
            changed |= {"bbox": list(new.xywh)} | ({"area": new.xywh[2] * new.xywh[3]} if "area" in row else {})
        after = new.xywh if moved else old.xywh
        kind = "moved" if old.name == new.name else "renamed"
        self.changes.append(Change(kind, file_name, old.annotation_id, (old.name, old.xywh), (new.name, after)))
        return changed

    def _add(self, image_id: int, file_name: str, box: LabelledBox) -> None:
        self._last_row += 1
        row = {"id": self._last_row, "image_id": image_id, "category_id": self.id_of[box.name], "bbox": list(box.xywh)}
        self.rows.append(row | {"area": box.xywh[2] * box.xywh[3], "iscrowd": 0} | self._extras(box.extras))
        self.changes.append(Change("added", file_name, self._last_row, None, (box.name, box.xywh)))

    def _extras(self, extras: Mapping[str, object]) -> dict[str, object]:
        return {self._terms.format: dict(extras)} if extras else {}


def row_box(row: Row, name_of: Mapping[int, str]) -> LabelledBox:
    """A sound annotation row as a box."""
    x, y, width, height = map(float, cast(list[float], row["bbox"]))
    id_ = row.get("id")
    return LabelledBox(name_of[cast(int, row["category_id"])], (x, y, width, height), id_ if type(id_) is int else None)


def _within(one: Box, other: Box, tolerance_px: float) -> bool:
    edges = [(box[0], box[1], box[0] + box[2], box[1] + box[3]) for box in (one, other)]
    return all(math.isclose(a, b, rel_tol=0.0, abs_tol=tolerance_px) for a, b in zip(*edges, strict=True))


def _last_id(rows: Iterable[Row]) -> int:
    return max((cast(int, row["id"]) for row in rows), default=0)


def _check(labels: Sequence[LabelledImage], image_of: Mapping[str, Row], id_of: Mapping[str, int]) -> None:
    faults = [*_unknown_classes(labels, id_of), *_repeated(labels)]
    for one in labels:
        if one.size_px is None and stem_of(one.file_name) not in image_of:
            faults.append(InputError("a new image's labels say its size", one.file_name, "add the size"))
    if faults:
        raise InputErrors(faults)


def _unknown_classes(labels: Sequence[LabelledImage], id_of: Mapping[str, int]) -> list[InputError]:
    where = {box.name: one.file_name for one in labels for box in one.boxes if box.name.strip() not in id_of}
    unknown = {name: file for name, file in where.items() if name not in id_of}
    rule = "a label's class is one of the annotations'"
    return [InputError(rule, f"{file}: {name!r}", _nearest(name, id_of)) for name, file in unknown.items()]


def _nearest(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = nearest(name, names)
    return f"write {near}" if near else f"add it to the categories, or use one of {listed(names)}"


def _repeated(labels: Sequence[LabelledImage]) -> list[InputError]:
    counts = Counter(stem_of(one.file_name) for one in labels)
    return [
        InputError("an image has one label file", stem, "drop one of them")
        for stem, count in counts.items()
        if count > 1
    ]
