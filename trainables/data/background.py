"""Which categories are background: annotated, but nothing that a rule scores.

By default those whose name says so. An id alone says nothing: in many data sets 0 is the first class.
"""

from collections.abc import Sequence

import numpy as np

from results.boxes import BoolArray, IntArray
from results.errors import InputError
from trainables.data.row_columns import CategoryColumns, names_by_id

BACKGROUND_NAMES = ("background", "__background__", "_background_", "背景")


def background_ids(categories: CategoryColumns, asked: Sequence[str] | None) -> tuple[int, ...]:
    """The ids of the background's categories, ascending.

    Args:
        categories: of the file.
        asked: ids or names that the user gave; none at all for no background, None for the default names.

    Raises:
        InputError: the file has no category of that id or name.
    """
    named = names_by_id(categories)
    if asked is None:
        return tuple(sorted(id_ for id_, name in named.items() if name.strip().casefold() in BACKGROUND_NAMES))
    for word in asked:
        if not any(word in (str(id_), name) for id_, name in named.items()):
            known = ", ".join(f"{id_} {name}" for id_, name in sorted(named.items()))
            raise InputError("background is a category of the file", word, f"name one of {known}")
    return tuple(sorted(id_ for id_, name in named.items() if str(id_) in asked or name in asked))


def background_note(categories: CategoryColumns, ids: Sequence[int], asked: Sequence[str] | None) -> str:
    """One sentence on what was taken for background, and why."""
    names = names_by_id(categories)
    if ids:
        why = "by its name" if asked is None else "as asked"
        return f"background is {', '.join(f'{id_} {names[id_]}' for id_ in ids)} ({why})"
    if asked is not None:
        return "no category is background (as asked)"
    zero = f"; 0 {names[0]} counts as a class, say --background 0 if it is none" if 0 in names else ""
    return f"no category is background: none is called so{zero}"


def is_background(category_id: IntArray, ids: Sequence[int]) -> BoolArray:
    """(N,) whether each category id is one of the background's."""
    return np.isin(category_id, np.array(ids, dtype=np.int64))
