"""Which categories of a delivered file stay, and under which id.

An id changes for one reason alone: the competition gave that name another one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from results.coco_json import Row
from trainables.data import fault_kinds as kinds
from trainables.data.changes import Change
from trainables.data.row_columns import is_integer

_BACKGROUND_ID = 0


@dataclass(frozen=True)
class CategoryPlan:
    """What becomes of the categories.

    Attributes:
        rows: that stay, mended.
        changes: what was done.
        new_id_of: new category ids by old ones, of those that change.
    """

    rows: Sequence[Row]
    changes: Sequence[Change]
    new_id_of: Mapping[int, int]

    def moved(self, annotation: Row) -> Row:
        """An annotation's row under the new ids; the same one if nothing concerns it."""
        category_id = annotation.get("category_id")
        if not is_integer(category_id) or category_id not in self.new_id_of:
            return annotation
        return {**annotation, "category_id": self.new_id_of[category_id]}


def plan_categories(rows: Sequence[Row], contest_ids: Mapping[str, int]) -> CategoryPlan:
    """Decides for every category row.

    Args:
        rows: the categories as they were delivered.
        contest_ids: ids by name as the competition gave them.
    """
    named, changes = _distinct(rows)
    new_id = _new_ids(list(named.values()), contest_ids)
    new_id_of = {old: new for old, new in new_id.items() if old != new}
    kept: dict[tuple[int, str], Row] = {}
    for number, (old, name) in named.items():
        kept.setdefault((new_id[old], name), {**rows[number], "id": new_id[old], "name": name})
        if old in new_id_of:
            changes.append(
                Change(
                    kinds.CATEGORIES_RENUMBERED.name, "categories", number, old, f"id {old} -> {new_id[old]} ({name})"
                )
            )
    return CategoryPlan(list(kept.values()), sorted(changes, key=lambda one: one.row), new_id_of)


def _distinct(rows: Sequence[Row]) -> tuple[dict[int, tuple[int, str]], list[Change]]:
    """Id and name of the rows that stay, by row number, and what was done to the others."""
    stay: dict[int, tuple[int, str]] = {}
    changes = []
    for number, row in enumerate(rows):
        id_, name = row.get("id"), row.get("name")
        if not is_integer(id_):
            changes.append(Change(kinds.MALFORMED_CATEGORY.name, "categories", number, None, "left out"))
        elif id_ in {known for known, _ in stay.values()}:
            changes.append(Change(kinds.DUPLICATE_CATEGORY_ID.name, "categories", number, id_, f"left out ({name})"))
        elif isinstance(name, str) and name:
            stay[number] = (id_, name)
        else:
            stay[number] = (id_, str(id_))
            changes.append(Change(kinds.MALFORMED_CATEGORY.name, "categories", number, id_, f"named {id_}"))
    return stay, changes


def _new_ids(named: Sequence[tuple[int, str]], contest_ids: Mapping[str, int]) -> dict[int, int]:
    """New ids by old ones: the contest's by name; others move only where the contest's names need their id."""
    new_id = {old: contest_ids[name] for old, name in named if name in contest_ids}
    taken = set(new_id.values())
    for old, _ in sorted((old, name) for old, name in named if name not in contest_ids):
        free = old if old not in taken else _free_id(taken, named)
        new_id[old] = free
        taken.add(free)
    return new_id


def _free_id(taken: set[int], named: Sequence[tuple[int, str]]) -> int:
    """0 if nobody has it, as the background's id would be; else the first beyond all."""
    if _BACKGROUND_ID not in taken:
        return _BACKGROUND_ID
    return max(*taken, *(old for old, _ in named)) + 1
