"""Files of JSON objects, one a line, that only grow: a line is on the disk or it is not there.

A process killed at any moment leaves at most one unfinished last line. Readers ignore it, the next writer removes it.
This module knows nothing about what the lines mean and takes no locks: `results.ledger` does both.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from results.errors import DamagedFileError

Event: TypeAlias = dict[str, object]
_REASON_SHOWN = 100  # characters of what the parser says


def parse_lines(data: bytes, path: Path) -> list[Event]:
    """The objects in a file's bytes, without an unfinished last line.

    Args:
        data: the whole file.
        path: named in messages only.

    Raises:
        DamagedFileError: a finished line is not a JSON object; the message says which.
    """
    lines = data[: finished_length(data)].split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return _parse_together(lines) or [_parse_line(line, path, number) for number, line in enumerate(lines, start=1)]


def _parse_together(lines: list[bytes]) -> list[Event]:
    """All lines as one array, which takes half of the time; nothing where one of them is no object."""
    try:
        values = _loads(b"[" + b",".join(lines) + b"]")
    except (ValueError, RecursionError):
        return []
    # A line may hold what makes two values of an array.
    is_whole = isinstance(values, list) and len(values) == len(lines)
    return list(values) if is_whole and all(isinstance(value, dict) for value in values) else []


def finished_length(data: bytes) -> int:
    """How many leading bytes of a file are finished lines.

    A last line that lacks only its line break is finished: no proper beginning of a JSON object is a JSON object.
    """
    end = data.rfind(b"\n") + 1
    return len(data) if _is_object(data[end:]) else end


def read_lines(path: Path) -> list[Event]:
    """The objects in a file; none when it does not exist.

    Raises:
        DamagedFileError: a finished line is not a JSON object.
    """
    return parse_lines(path.read_bytes(), path) if path.exists() else []


def open_for_append(path: Path) -> int:
    """Opens a file for `append_line`, creating it if need be and cutting off an unfinished last line.

    Returns:
        A file descriptor, to be closed with `os.close`.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    data = path.read_bytes()
    length = finished_length(data)
    if length < len(data):
        os.ftruncate(descriptor, length)
    elif data and not data.endswith(b"\n"):
        os.write(descriptor, b"\n")
    return descriptor


def as_line(event: Mapping[str, object]) -> bytes:
    """An object as a line of such a file.

    Raises:
        ValueError: the object holds NaN or an infinity.
        TypeError: the object holds something that JSON has no form for.
    """
    text = json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
    # Half a surrogate pair, as in an undecodable file name, turns into JSON's own escape for it.
    return text.encode("utf-8", errors="backslashreplace")


def append_line(descriptor: int, event: Mapping[str, object]) -> None:
    """Appends one object and waits until it is on the disk.

    Raises:
        ValueError: the object holds NaN or an infinity.
        TypeError: the object holds something that JSON has no form for.
        OSError: the disk is full or gone; nothing of the line stays in the file.
    """
    data = as_line(event)
    before = os.fstat(descriptor).st_size
    try:
        written = 0
        while written < len(data):
            written += os.write(descriptor, data[written:])
    except OSError:
        # Otherwise the next line would be glued to half of this one, in the middle of the file.
        os.ftruncate(descriptor, before)
        raise
    os.fsync(descriptor)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line.decode("utf-8")), dict)
    except (ValueError, RecursionError):
        return False


def _parse_line(line: bytes, path: Path, number: int) -> Event:
    try:
        value = _loads(line)
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:_REASON_SHOWN]
        raise DamagedFileError(
            f"{path}: line {number} must be a JSON object, got something else ({reason});"
            " restore the file from a copy, or cut it off before that line to lose what follows"
        ) from error
    if not isinstance(value, dict):
        raise DamagedFileError(
            f"{path}: line {number} must be a JSON object, got a {type(value).__name__}; restore the file from a copy"
        )
    return value


def _loads(data: bytes) -> Any:
    """Parse JSON as this project writes it: UTF-8, no key twice in an object, no NaN and no infinity."""
    return json.loads(data.decode("utf-8"), object_pairs_hook=_distinct, parse_constant=_refuse_constant)


def _distinct(pairs: list[tuple[str, object]]) -> Event:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key {next(key for key in keys if keys.count(key) > 1)!r} stands twice")
    return found


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")
