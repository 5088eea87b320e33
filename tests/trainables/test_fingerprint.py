"""Fingerprints: they follow contents, not names, and survive a JSON file."""

import json
from pathlib import Path

import pytest

from results.errors import DamagedFileError, InputError
from trainables.data.fingerprint import ImageFingerprints, fingerprint_images, repeated_images, shared_images


def _write(folder: Path, **contents: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def test_digest_ignores_names_and_order(tmp_path: Path) -> None:
    folder = _write(tmp_path, a=b"one", b=b"two", c=b"one")
    first = fingerprint_images(folder, ["a", "b"])
    second = fingerprint_images(folder, ["b", "c"])
    assert first.digest == second.digest
    assert first.contents != second.contents


def test_digest_follows_a_changed_image_and_changed_annotations(tmp_path: Path) -> None:
    folder = _write(tmp_path, a=b"one", b=b"two")
    digests = {
        fingerprint_images(folder, ["a"]).digest,
        fingerprint_images(folder, ["b"]).digest,
        fingerprint_images(folder, ["a", "a"]).digest,
        fingerprint_images(folder, ["a"], b"{}").digest,
    }
    assert len(digests) == 4


def test_no_images_have_a_digest_too(tmp_path: Path) -> None:
    empty = fingerprint_images(tmp_path, [])
    assert empty.contents == ()
    assert empty.digest == fingerprint_images(tmp_path / "elsewhere", []).digest


def test_shared_images_are_found_under_other_names(tmp_path: Path) -> None:
    first = fingerprint_images(_write(tmp_path / "x", a=b"one", b=b"two"), ["a", "b"])
    second = fingerprint_images(_write(tmp_path / "y", c=b"two", d=b"three"), ["c", "d"])
    assert shared_images(first, second) == (("b", "c"),)
    assert shared_images(second, first) == (("c", "b"),)


def test_repeated_images_name_the_first_occurrence(tmp_path: Path) -> None:
    prints = fingerprint_images(_write(tmp_path, a=b"one", b=b"two", c=b"one", d=b"one"), ["a", "b", "c", "d"])
    assert repeated_images(prints) == (("a", "c"), ("a", "d"))


def test_an_unreadable_image_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.png"):
        fingerprint_images(tmp_path, ["gone.png"])


def test_round_trip_through_json(tmp_path: Path) -> None:
    prints = fingerprint_images(_write(tmp_path, a=b"one"), ["a"], b"{}")
    assert ImageFingerprints.from_dict(json.loads(json.dumps(prints.to_dict()))) == prints


@pytest.mark.parametrize(
    "values",
    [{}, {"file_names": ["a"], "contents": [], "digest": "0"}, {"file_names": "a", "contents": [], "digest": 0}],
)
def test_damaged_records_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(DamagedFileError):
        ImageFingerprints.from_dict(values)
