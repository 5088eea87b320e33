"""Images that belong together, such as frames of one bottle: what `group_by` of a data set means.

A bootstrap draws whole groups and a split never divides one. Pure; the pattern was checked where it was read.
"""

import re
from collections.abc import Mapping

from results.boxes import Images


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
    keys = [group_name(pattern, name) or f"/{name}" for name in images.file_name]  # no match holds a leading slash
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return {image: numbers[key] for image, key in zip(images.image_id.tolist(), keys, strict=True)}
