"""Images without labels, which a teacher labels while it trains a detector: a folder's pictures, or those of a list.

A validation image among them would be learnt from before it judges: `unlabelled_faults` finds it, under any name or as
a copy. Annotations of a list are not read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from results.boxes import images_from_coco
from results.errors import InputError
from trainables.data.file_names import check_inside
from trainables.data.fingerprint import ImageFingerprints, fingerprint_images
from trainables.data.left_out import damaged_files, damaged_names
from trainables.data.picture_sizes import PICTURE_ENDINGS
from trainables.data.split_faults import copy_faults, damaged_faults, missing_files, overlap_faults, straddling_faults

_REMEDY = "take them out of the unlabelled images, or say allow_overlap: true"
_LABEL = "unlabelled"


@dataclass(frozen=True)
class Unlabelled:
    """Where the images are.

    Attributes:
        images: their folder.
        image_list: COCO json whose `images` are meant; None takes every picture in and below the folder.
        allow_damaged: those that cannot be opened are left out.
        allow_outside: names of the list may leave the folder.
    """

    images: Path
    image_list: Path | None = None
    allow_damaged: bool = False
    allow_outside: bool = False


def unlabelled_names(source: Unlabelled) -> tuple[str, ...]:
    """The images, relative to their folder; those of a folder by name.

    Raises:
        InputError: there is no such folder or list, or no image in it.
    """
    if source.image_list is not None:
        names = images_from_coco(source.image_list).file_name
        check_inside(_LABEL, names, source.allow_outside)
    else:
        paths = (path for path in source.images.rglob("*") if path.suffix.lower() in PICTURE_ENDINGS)
        names = tuple(sorted(path.relative_to(source.images).as_posix() for path in paths))
    if source.allow_damaged:
        out = damaged_names(source.images, names)
        names = tuple(name for name in names if name not in out)
    if not names:
        raise InputError("'unlabelled' holds images", f"none in {source.image_list or source.images}", "correct it")
    return names


def unlabelled_prints(source: Unlabelled) -> ImageFingerprints:
    """The images by name and content.

    Raises:
        InputError: as `unlabelled_names`, or an image is not there or cannot be read.
    """
    names = unlabelled_names(source)
    missing = missing_files(_LABEL, names, source.images)
    if missing:
        raise missing[0]
    damaged = damaged_faults(_LABEL, damaged_files(source.images, names), len(names))
    if damaged:
        raise damaged[0]
    return fingerprint_images(source.images, names)


def no_unlabelled(dataset: Path) -> InputError:
    """What to say where a teacher is asked for and the data set has nothing for it to label."""
    remedy = "add unlabelled: {images: FOLDER} to it (docs/DATA.md), or write teacher: none"
    return InputError("teacher: mean learns from the data set's unlabelled images", f"{dataset} without any", remedy)


def unlabelled_faults(
    folders: tuple[Path, Path],
    prints: tuple[ImageFingerprints, ImageFingerprints],
    group_by: str | None,
    say: Callable[[str], None],
) -> list[InputError]:
    """What the unlabelled images share with val: groups, images, and copies of images.

    Args:
        folders: of the unlabelled images, and of val's.
        prints: the images themselves, likewise.
        group_by: the data set's expression for frames that belong together.
        say: told before many images are decoded.
    """
    from trainables.data.overlap import copied_names  # decodes with OpenCV: imported only where it is needed

    own, val = prints
    return [
        *straddling_faults(group_by, own.file_names, val.file_names, _LABEL),
        *overlap_faults(folders, own, val, _REMEDY, _LABEL),
        *copy_faults(copied_names(folders, own, val, say), _REMEDY, _LABEL),
    ]
