"""Which images must stay on one side of a split: groups by the user's expression, and one picture under several names.

Pure over names, contents and pairs of copies.
"""

import re
from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from results.boxes import IntArray
from results.errors import InputError
from results.groups import group_name


def checked_pattern(group_by: str | None, names: Sequence[str]) -> str | None:
    """The expression, once it is known to be one and to match some name.

    Raises:
        InputError: it is no regular expression, or matches no name.
    """
    if group_by is None:
        return None
    try:
        re.compile(group_by)
    except re.error as error:
        remedy = r"mend it, for example imgs_(\d+)_"
        raise InputError("--group-by is a regular expression", f"{group_by!r} ({error})", remedy) from error
    if not any(group_name(group_by, name) for name in names):
        received = f"{group_by!r}, first name {names[0] if names else 'none'!r}"
        raise InputError("--group-by matches file names", received, "correct the expression, or leave it out")
    return group_by


def together(names: Sequence[str], group_by: str | None, contents: Sequence[str], copies: IntArray) -> IntArray:
    """The number of each image's group, (M,), from 0 up in order of first appearance.

    Args:
        names: M file names; equal ones are one picture.
        group_by: images with an equal match belong together; without a match an image is alone.
        contents: M content hashes, or none at all where the files were not read.
        copies: (P, 2) rows of images that are copies of one another.
    """
    groups = [None if group_by is None else group_name(group_by, name) for name in names]
    links = np.concatenate([_links(names), _links(groups), _links(contents), copies.reshape(-1, 2)])
    ones = np.ones(len(links), np.int8)
    graph = coo_array((ones, (links[:, 0], links[:, 1])), shape=(len(names), len(names)))
    _, found = connected_components(graph, directed=False)
    _, first, inverse = np.unique(found, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int64)


def _links(keys: Sequence[str | None]) -> IntArray:
    """Each row with an earlier row of the same key, (P, 2); None is nobody's key."""
    first: dict[str, int] = {}
    pairs = [(first.setdefault(key, row), row) for row, key in enumerate(keys) if key is not None]
    return np.array(pairs, np.int64).reshape(-1, 2)
