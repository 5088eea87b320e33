"""Everything that `check` finds out about one annotation file: its faults and its figures, in one pass.

Reads picture files where a folder is given; prints, writes and mends nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from results.boxes import images_from_coco
from results.rules import load_rule, rule_names
from trainables.data.annotation_file import AnnotationFile
from trainables.data.background import background_ids
from trainables.data.box_faults import box_faults
from trainables.data.fault_kinds import KINDS, Fault
from trainables.data.figures import Figures, figures_of
from trainables.data.frame_faults import frame_faults
from trainables.data.picture_faults import picture_faults
from trainables.data.picture_files import PictureFile, content_hashes, read_pictures
from trainables.data.row_columns import Columns, columns_of
from trainables.data.row_faults import row_faults


@dataclass(frozen=True)
class Pictures:
    """What was read beside the annotation file.

    Attributes:
        folder: of the pictures, None if none was given.
        of_row: what each file holds, by image row.
        test_name_of: file names of test images by content hash.
    """

    folder: Path | None = None
    of_row: Mapping[int, PictureFile] = field(default_factory=dict)
    test_name_of: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """A checked file.

    Attributes:
        columns: its rows.
        faults: kinds that occur, errors before notices.
        figures: its figures.
        pictures: what was read of its pictures.
    """

    columns: Columns
    faults: tuple[Fault, ...]
    figures: Figures
    pictures: Pictures

    @property
    def errors(self) -> tuple[Fault, ...]:
        """The faults that are errors."""
        return tuple(fault for fault in self.faults if fault.kind.severity == "error")

    def fault(self, name: str) -> Fault | None:
        """The fault of that kind, None if there is none."""
        return next((fault for fault in self.faults if fault.kind.name == name), None)


def check(
    annotation_file: AnnotationFile,
    pictures: Pictures,
    contest_ids: Mapping[str, int],
    background: Sequence[str] | None = None,
) -> Check:
    """Finds all faults and figures.

    Args:
        annotation_file: as it was delivered.
        pictures: what was read of its pictures.
        contest_ids: category ids by name as the competition gave them.
        background: as `background_ids` takes it.

    Raises:
        InputError: `background` names what is no category.
    """
    columns = columns_of(annotation_file)
    found = [*row_faults(columns, contest_ids), *box_faults(columns), *frame_faults(columns)]
    if pictures.folder is not None:
        found += picture_faults(columns.images, pictures.of_row, pictures.test_name_of)
    faults = sorted((fault for fault in found if len(fault.rows)), key=lambda fault: KINDS.index(fault.kind))
    modes = {row: picture.mode for row, picture in pictures.of_row.items() if not picture.fault}
    figures = figures_of(columns, background_ids(columns.categories, background), modes)
    return Check(columns, tuple(faults), figures, pictures)


def look_at_pictures(
    annotation_file: AnnotationFile, folder: Path | None, test: tuple[Path, Path] | None = None
) -> Pictures:
    """Reads every picture that a row names, and hashes those of a test list.

    Args:
        annotation_file: whose images are looked at.
        folder: of the pictures; None to look at none.
        test: a COCO file with the test images, and their folder.

    Raises:
        InputError: the test list is wrong.
    """
    if folder is None:
        return Pictures()
    names = {row: str(image["file_name"]) for row, image in enumerate(annotation_file.images) if _has_name(image)}
    of_row = dict(zip(names, read_pictures(folder, list(names.values())), strict=True))
    return Pictures(folder, of_row, _test_names(*test) if test else {})


def contest_ids(rule: str | None) -> dict[str, int]:
    """Category ids by name: of one rule, or of all built-in rules, which do not contradict each other.

    Raises:
        InputError: no such rule.
    """
    rules = rule_names() if rule is None else [rule]
    return {category.name: category.id for name in rules for category in load_rule(name).categories}


def _has_name(image: Mapping[str, object]) -> bool:
    name = image.get("file_name")
    return isinstance(name, str) and bool(name)


def _test_names(test_list: Path, folder: Path) -> dict[str, str]:
    names = images_from_coco(test_list).file_name
    hashed = zip(content_hashes(folder, names), names, strict=True)
    return {content: name for content, name in hashed if content}
