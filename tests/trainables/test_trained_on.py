"""What a weights file says of the images that it was trained on."""

import zipfile
from pathlib import Path

import pytest
from torch import nn

from results.errors import DamagedFileError
from trainables.trained_on import read_trained_on, trained_on
from trainables.weights import load_trained, save_weights


def write_images(folder: Path, *names: str) -> tuple[str, ...]:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text(name)
    return names


def test_the_record_travels_inside_the_file(tmp_path: Path) -> None:
    model, seen = nn.Linear(3, 2), trained_on(tmp_path / "x", write_images(tmp_path / "x", "a", "瓶盖"), None)
    save_weights(model, tmp_path / "weights.pth", seen)
    copy = (tmp_path / "weights.pth").rename(tmp_path / "别的.pth")
    assert read_trained_on(copy) == seen
    load_trained(nn.Linear(3, 2), copy)


def test_what_a_start_has_seen_counts_too(tmp_path: Path) -> None:
    names = write_images(tmp_path / "x", "a", "b", "c")
    save_weights(nn.Linear(3, 2), tmp_path / "first.pth", trained_on(tmp_path / "x", names[:2], None))
    seen = trained_on(tmp_path / "x", names[1:], tmp_path / "first.pth")
    assert seen.images.file_names == ("b", "c", "a")
    assert seen.unknown_starts == ()


def test_a_start_that_says_nothing_is_handed_on(tmp_path: Path) -> None:
    names = write_images(tmp_path / "x", "a")
    save_weights(nn.Linear(3, 2), tmp_path / "plain.pth")
    assert read_trained_on(tmp_path / "plain.pth") is None
    save_weights(nn.Linear(3, 2), tmp_path / "next.pth", trained_on(tmp_path / "x", names, tmp_path / "plain.pth"))
    last = trained_on(tmp_path / "x", names, tmp_path / "next.pth")
    assert last.unknown_starts == (str(tmp_path / "plain.pth"),)


def test_files_of_another_format_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "old.pth").write_bytes(b"\x80\x02old")
    assert read_trained_on(tmp_path / "old.pth") is None


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"images": {"file_names": []}, "unknown_starts": []}'])
def test_a_damaged_record_is_not_taken_for_none(tmp_path: Path, content: str) -> None:
    with zipfile.ZipFile(tmp_path / "w.pth", "w") as archive:
        archive.writestr("archive/trained_on.json", content)
    with pytest.raises(DamagedFileError, match=r"w\.pth"):
        read_trained_on(tmp_path / "w.pth")
