"""Which number each id of a table has: 12, 12.0 and "12" are 12; a stem, or more than 64 bits hold, is given one.

A reference finds its row by what is written there first, then by the number that it means, then by a name that one row
alone has. Pure; nothing else about a row is looked at.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import PurePosixPath

from results.coco_json import Row, integral

Key = int | str

_NUMBER = re.compile(r"[+-]?\d{1,19}(\.0*)?\Z")


@dataclass(frozen=True)
class IdNumbers:
    """The numbers of one table's ids.

    Attributes:
        number_of: by what rows state.
        number_named: by names that one row alone has; for references that are none of the ids.
        renumbered: ids that mean no number of 64 bits, as written, and the numbers that they were given.
    """

    number_of: Mapping[Key, int]
    number_named: Mapping[str, int]
    renumbered: Mapping[str, int]

    def of(self, value: object) -> int | None:
        """The number of an id or of a reference to one; None where nothing is known of it."""
        key = _key(value)
        if key is None:
            return None
        number = number_in(key)
        meant = number if number is not None and number in self.number_of else None
        named = self.number_named.get(key) if isinstance(key, str) else None
        found = (self.number_of.get(key), meant, named, number)
        return next((one for one in found if one is not None), None)


def id_numbers(rows: Sequence[Row], name_key: str) -> IdNumbers:
    """Numbers for the ids of a table.

    Args:
        rows: the table, in file order; rows without an id are passed over.
        name_key: where a row states its name; a file name counts without its ending, too.
    """
    keys = dict.fromkeys(key for row in rows if (key := _key(row.get("id"))) is not None)
    number_of: dict[Key, int] = {key: key for key in keys if integral(key) is not None and isinstance(key, int)}
    for key in keys:
        number = number_in(key)
        if key not in number_of and number is not None and number not in number_of:
            number_of[key] = number_of[number] = number  # references may write it as a number
    free = _free(number_of.values())
    # In the order of their text, so that train and val number their classes alike.
    renumbered = {key: next(free) for key in sorted((key for key in keys if key not in number_of), key=str)}
    number_of |= renumbered
    return IdNumbers(number_of, _named(rows, name_key, number_of), {str(key): new for key, new in renumbered.items()})


def number_in(value: object) -> int | None:
    """The integer of 64 bits that 12, 12.0, "12" or "12.0" means; None for anything else."""
    if isinstance(value, str) and _NUMBER.match(value.strip()):
        return integral(int(value.strip().partition(".")[0]))
    return integral(value)


def _key(value: object) -> Key | None:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return value.strip() or None
    return value if type(value) is int else None


def _free(taken: Iterable[int]) -> Iterator[int]:
    used = set(taken)
    return (number for number in count(1) if number not in used)


def _named(rows: Sequence[Row], name_key: str, number_of: Mapping[Key, int]) -> dict[str, int]:
    named = []
    for row in rows:
        key, name = _key(row.get("id")), row.get(name_key)
        if key is not None and isinstance(name, str) and name:
            stems = {name, PurePosixPath(name).name, PurePosixPath(name).stem} if name_key == "file_name" else {name}
            named += [(one, number_of[key]) for one in stems]
    times = Counter(name for name, _ in named)
    return {name: number for name, number in named if times[name] == 1}
