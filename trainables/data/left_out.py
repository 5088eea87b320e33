"""Images that cannot be opened and are left out, where a data set says `allow_damaged: true`.

Driver and trials ask here alike, so that they leave out the same ones. Decides nothing about what is damaged.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from results.boxes import BoolArray, Images, Truth


def damaged_names(folder: Path, names: Sequence[str]) -> frozenset[str]:
    """The images that are missing or cannot be decoded."""
    return frozenset(name for name, _ in damaged_files(folder, names))


def damaged_files(folder: Path, names: Sequence[str]) -> list[tuple[str, str]]:
    """The images that are missing or cannot be decoded, and what was found; in order."""
    from trainables.data.opened_pictures import opened_pictures  # needs Pillow: imported only where it is needed

    return [(name, one.fault) for name, one in zip(names, opened_pictures(folder, names), strict=True) if one.fault]


def openable(truth: Truth, folder: Path) -> Truth:
    """The truth without images that cannot be opened, and without their boxes."""
    return without_images(truth, damaged_names(folder, truth.images.file_name))


def openable_images(images: Images, folder: Path) -> Images:
    """The images that can be opened, in their order."""
    return _listed(images, damaged_names(folder, images.file_name))


def without_images(truth: Truth, names: Collection[str]) -> Truth:
    """The truth without images of these names, and without their boxes."""
    if not names:
        return truth
    images = _listed(truth.images, names)
    return replace(truth.select(np.isin(truth.image_id, images.image_id)), images=images)


def _listed(images: Images, left_out: Collection[str]) -> Images:
    stays: BoolArray = np.array([name not in left_out for name in images.file_name], dtype=np.bool_)
    names = tuple(name for name in images.file_name if name not in left_out)
    return Images(images.image_id[stays], names, images.width_px[stays], images.height_px[stays])
