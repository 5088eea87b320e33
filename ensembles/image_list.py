"""Finds the images that a submission is made for, and opens each before the first prediction."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ensembles.routing import listed
from results.boxes import Images, images_from_coco
from results.errors import InputError, InputErrors
from results.text_files import is_file
from trainables.data.dataset import Dataset, TestSource
from trainables.data.file_names import check_inside
from trainables.data.search_faults import Opening, look_at_listed

_MAX_NAMES = 3


@dataclass(frozen=True)
class ImageSource:
    """An image list (COCO json) and the folder that its file names are relative to, both absolute."""

    image_list: Path
    folder: Path


def image_source(dataset: Dataset, image_list: Path | None, folder: Path | None) -> ImageSource:
    """Return the list and the folder that holds all its images.

    Args:
        dataset: of the run; gives what is left out.
        image_list: `--images`; the data set's test list when None.
        folder: `--image-folder`; searched for when None.

    Raises:
        InputError: there is no list, a name in it leaves its folder, or an image lies in no likely folder.
    """
    if image_list is None:
        test = _test_of(dataset)
        _check_names(test.image_list, dataset)
        return checked_source(test.image_list, [folder or test.images], dataset.allow_damaged)
    _check_names(image_list, dataset)
    folders = [folder] if folder else _likely_folders(dataset, image_list)
    return checked_source(image_list, folders, dataset.allow_damaged)


def checked_source(image_list: Path, folders: list[Path], allow_missing: bool = False) -> ImageSource:
    """Return the list with the first of the folders that holds all its images, or most where some may be missing.

    Raises:
        InputError: the list cannot be read, or each folder lacks an image; the one that lacks fewest is named.
    """
    images = images_from_coco(image_list)
    lacking = {folder: _missing(images, folder) for folder in folders}
    folder = min(lacking, key=lambda one: len(lacking[one]))
    names = lacking[folder]
    if not names or (allow_missing and len(names) < len(images)):
        return ImageSource(image_list.resolve(), folder.resolve())
    some = ", ".join(names[:_MAX_NAMES]) + (", ..." if len(names) > _MAX_NAMES else "")
    raise InputError(
        f"every image of {image_list} must exist",
        f"{len(names)} of {len(images)} missing in {folder}: {some}",
        "pass --image-folder DIR, the folder that their file names are relative to",
    )


def openable_list(images: Images, folder: Path, allow_damaged: bool) -> Images:
    """Return the images that can be decoded: all of them, or fewer where damaged ones are allowed, which is printed.

    Raises:
        InputErrors: some cannot, and are not allowed.
    """
    looked = look_at_listed("test", images, folder, Opening(allow_damaged, print))
    if looked.faults:
        raise InputErrors(looked.faults)
    if looked.damaged:
        print(f"  {len(looked.damaged)} of {len(images)} images cannot be opened (allow_damaged): they get no box")
    stays = [row for row, name in enumerate(images.file_name) if name not in looked.damaged]
    return listed(images, np.array(stays, dtype=np.int64))


def _check_names(image_list: Path, dataset: Dataset) -> None:
    check_inside("test", images_from_coco(image_list).file_name, dataset.allow_outside)


def _test_of(dataset: Dataset) -> TestSource:
    if dataset.test is None:
        remedy = "pass --images TEST.json --image-folder DIR, or add test: to the data set's file"
        raise InputError("a submission needs a list of test images", f"{dataset.path} names none", remedy)
    return dataset.test


def _likely_folders(dataset: Dataset, image_list: Path) -> list[Path]:
    """Where the images of a list probably lie: beside it, or where those of the data set do."""
    own = [dataset.test.images] if dataset.test else []
    return [image_list.parent, image_list.parent / "images", *own, dataset.val.images, dataset.train.images]


def _missing(images: Images, folder: Path) -> list[str]:
    return [name for name in images.file_name if not is_file(folder / name)]
