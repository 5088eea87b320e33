"""Images that belong together, such as frames of one bottle: what `group_by` of a data set means.

A bootstrap draws whole groups and a split never divides one. Pure; the pattern was checked where it was read.
"""

import re
from collections.abc import Mapping

import numpy as np

from results.boxes import Images, IntArray
from results.errors import InputError


def group_name(pattern: str, file_name: str) -> str | None:
    """The group that a file name names: the pattern's first group, or all of its match; None without a match."""
    found = re.search(pattern, file_name)
    if found is None:
        return None
    return found.group(1) if found.re.groups else found.group(0)


def group_of_image(pattern: str | None, images: Images) -> Mapping[int, int] | None:
    """A number for each image, by image id, equal within a group; an image without a match is a group of its own.

    Args:
        pattern: a regular expression over file names, or None for no groups at all.
        images: M images.

    Returns:
        M entries, or None without a pattern.
    """
    if pattern is None:
        return None
    named = [group_name(pattern, name) for name in images.file_name]
    keys = [(name, "") if group is None else ("", group) for name, group in zip(images.file_name, named, strict=True)]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return {image: numbers[key] for image, key in zip(images.image_id.tolist(), keys, strict=True)}


def group_numbers(image_id: IntArray, group_of: Mapping[int, int] | None) -> IntArray | None:
    """The group of each image as a column (M,), in the order of `image_id` (M,); None where there are no groups.

    Raises:
        InputError: an image has no group.
    """
    if group_of is None:
        return None
    missing = [image for image in image_id.tolist() if image not in group_of]
    if missing:
        raise InputError("every image has a group", f"none for image {missing[0]} ({len(missing)} such)", "group it")
    return np.array([group_of[image] for image in image_id.tolist()], dtype=np.int64)
