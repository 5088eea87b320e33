import os
import resource
from pathlib import Path

import pytest

from results.errors import DamagedFileError
from results.json_lines import append_line, finished_length, open_for_append, parse_lines, read_lines

PATH = Path("file.jsonl")


def _append(path: Path, *events: dict[str, object]) -> None:
    descriptor = open_for_append(path)
    try:
        for event in events:
            append_line(descriptor, event)
    finally:
        os.close(descriptor)


def test_every_cut_leaves_a_readable_beginning_and_takes_new_lines(tmp_path: Path) -> None:
    events: list[dict[str, object]] = [{"a": 1}, {"b": "瓶盖\n破损"}, {"c": [1.5, None]}]
    whole = tmp_path / "whole"
    _append(whole, *events)
    data = whole.read_bytes()
    for length in range(len(data) + 1):
        cut = tmp_path / "cut"
        cut.write_bytes(data[:length])
        before = read_lines(cut)
        assert before == events[: len(before)]
        _append(cut, {"next": True})
        assert read_lines(cut) == [*before, {"next": True}]


def test_a_last_line_without_its_line_break_counts() -> None:
    assert finished_length(b'{"a":1}\n{"b":2}') == len(b'{"a":1}\n{"b":2}')
    assert finished_length(b'{"a":1}\n{"b":2') == len(b'{"a":1}\n')
    assert parse_lines(b'{"a":1}\n7', PATH) == [{"a": 1}]


@pytest.mark.parametrize("line", [b"", b"{", b"7", b"\xff\xfe", b"{}{}"])
def test_a_bad_line_in_the_middle_is_named(line: bytes) -> None:
    with pytest.raises(DamagedFileError, match="line 2 "):
        parse_lines(b'{"a":1}\n' + line + b'\n{"b":2}\n', PATH)


def test_a_missing_file_has_no_lines(tmp_path: Path) -> None:
    assert read_lines(tmp_path / "none") == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_json_has_no_form_for_is_never_written(tmp_path: Path, value: float) -> None:
    path = tmp_path / "file"
    with pytest.raises(ValueError, match="JSON"):
        _append(path, {"a": [value]})
    assert path.read_bytes() == b""


def test_half_a_surrogate_pair_survives(tmp_path: Path) -> None:
    path = tmp_path / "file"
    _append(path, {"name": "bad\udc80name"})
    assert read_lines(path) == [{"name": "bad\udc80name"}]


def test_a_full_disk_leaves_no_half_line(tmp_path: Path) -> None:
    path = tmp_path / "file"
    _append(path, {"a": 1})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (12, limits[1]))
    try:
        with pytest.raises(OSError):
            _append(path, {"b": "a longer line"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == b'{"a":1}\n'


def test_a_line_that_would_be_two_values_of_an_array_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"a":1},{"a":2}\n{"a":3}\n')
    with pytest.raises(DamagedFileError, match="line 1"):
        read_lines(path)
