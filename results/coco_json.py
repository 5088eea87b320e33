"""Json rows into numeric columns, with errors that name the file and the row.

Knows json and numpy only: what the columns mean is `results.boxes`' business.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn, cast

import numpy as np
import numpy.typing as npt

from results.errors import InputError
from results.nearest import listed
from results.text_files import encoding_remedy, path_remedy

Row = Mapping[str, object]
COORDINATES = 4
LARGEST_INTEGER = 2**63 - 1


def load_json(path: Path | str) -> object:
    """The parsed file.

    Raises:
        InputError: no such file, unreadable, or malformed json.
    """
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason, remedy = getattr(error, "strerror", None) or error, path_remedy(path, "check the path")
        raise InputError("the file can be read", f"{path}: {reason}", remedy) from error
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError("the file is json", f"{path}: {error}", json_remedy(content, error)) from error


def json_remedy(content: bytes, error: Exception) -> str:
    """What to do about a file that is no json: it is cut off, of another kind, or wrong in one place."""
    if isinstance(error, UnicodeDecodeError):
        return encoding_remedy(content)
    if not content.strip():
        return "write it again, it is empty"
    if content.lstrip()[:1] not in (b"{", b"["):
        return "pass a json file, this is another kind of file"
    at_end = isinstance(error, json.JSONDecodeError) and not error.doc[error.pos :].strip()
    unclosed = at_end or "Unterminated" in str(error)
    return "write it again, it may be cut off" if unclosed else "fix it at that place"


def table(content: object, key: str, path: Path | str) -> object:
    """The value of `key` at the top of a COCO file.

    Raises:
        InputError: the file is no object or lacks the key.
    """
    if not isinstance(content, dict):
        raise InputError("a COCO file is an object", f"{path}: {type(content).__name__}", f'give {{"{key}": [...]}}')
    if key not in content:
        raise InputError(f'a COCO file has "{key}"', f"{path}: {listed(sorted(content)) or 'no keys'}", f'add "{key}"')
    return cast(object, content[key])


def rows_of(value: object, place: str) -> list[Row]:
    """A json list of objects.

    Raises:
        InputError: no list, or a row that is no object (named by its number).
    """
    if not isinstance(value, list):
        raise InputError("rows are a json list", f"{place}: {type(value).__name__}", "give a list of objects")
    for number, row in enumerate(value):
        if not isinstance(row, dict):
            raise InputError("a row is a json object", f"{place}: row {number}: {row!r:.60}", "mend that row")
    return value


def integers(rows: Sequence[Row], key: str, path: Path | str) -> npt.NDArray[np.int64]:
    """Column `key` of `rows` as int64; 12.0 is 12, as tools that go through a table of floats write it.

    Raises:
        InputError: a row without the key, or with something that is no integer.
    """
    values = [value_of(row, key, number, path) for number, row in enumerate(rows)]
    for number, value in enumerate(values):
        if type(value) is not int:
            if type(value) is not float or not value.is_integer():
                refuse_value(f'"{key}" is an integer', value, number, path)
            values[number] = int(value)
    try:
        return np.array(values, dtype=np.int64)
    except OverflowError as error:
        raise InputError(f'"{key}" fits 64 bits', f"{path}: {error}", "renumber the ids") from error


def integral(value: object) -> int | None:
    """The integer of 64 bits that a value states as 12 or 12.0; None for anything else, True and False included."""
    if type(value) is float:
        value = int(value) if value.is_integer() else None
    return value if type(value) is int and abs(value) <= LARGEST_INTEGER else None


def crowd_of(value: object) -> int | None:
    """What `iscrowd` states as 0, 0.0, false or null (not a crowd), or as 1 and the like; None for anything else."""
    return int(value or 0) if value is None or isinstance(value, bool) else integral(value)


def crowds(rows: Sequence[Row], path: Path | str) -> npt.NDArray[np.bool_]:
    """Column "iscrowd" of `rows`, False where a row has none.

    Raises:
        InputError: something that `crowd_of` does not know.
    """
    values = [crowd_of(row.get("iscrowd")) for row in rows]
    for number, value in enumerate(values):
        if value is None:
            refuse_value('"iscrowd" must be 0, 1, false or true', rows[number]["iscrowd"], number, path)
    return np.array([bool(value) for value in values], dtype=np.bool_)


def floats(rows: Sequence[Row], key: str, path: Path | str) -> npt.NDArray[np.float64]:
    """Column `key` of `rows` as float64.

    Raises:
        InputError: a row without the key, or with something that is no number.
    """
    values = [value_of(row, key, number, path) for number, row in enumerate(rows)]
    for number, value in enumerate(values):
        if type(value) is not float and type(value) is not int:
            refuse_value(f'"{key}" is a number', value, number, path)
    return _float_array(values, path)


def boxes(rows: Sequence[Row], path: Path | str) -> npt.NDArray[np.float64]:
    """Column "bbox" of `rows` as (N, 4) float64.

    Raises:
        InputError: a row without a box of four numbers.
    """
    values = [value_of(row, "bbox", number, path) for number, row in enumerate(rows)]
    for number, value in enumerate(values):
        if not (isinstance(value, list) and len(value) == COORDINATES and all(type(v) in (int, float) for v in value)):
            refuse_value('"bbox" is four numbers', value, number, path)
    return _float_array(values, path).reshape(-1, COORDINATES)


def _float_array(values: list[object], path: Path | str) -> npt.NDArray[np.float64]:
    try:
        return np.array(values, dtype=np.float64)
    except OverflowError as error:
        raise InputError("numbers fit a float", f"{path}: {error}", "mend the number that is too large") from error


def value_of(row: Row, key: str, number: int, path: Path | str) -> object:
    """The value of `key` in one row.

    Raises:
        InputError: the row lacks the key.
    """
    if key not in row:
        raise InputError(
            f'every row has "{key}"', f"{path}: row {number}: {listed(sorted(row))}", f'add "{key}" to that row'
        )
    return row[key]


def refuse_value(rule: str, value: object, number: int, path: Path | str) -> NoReturn:
    """Raises InputError for one value, naming file and row."""
    raise InputError(rule, f"{path}: row {number}: {value!r:.60}", "mend that row")
