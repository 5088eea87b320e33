"""Copies between train and val: found under other names, encodings and sizes; look-alikes pass."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from pictures import scene, write_dataset, write_picture

from results.errors import InputErrors
from trainables.data.copies import copies_between, copies_within
from trainables.data.dataset import check_dataset, load_dataset, load_truth
from trainables.data.demo import demo_dataset
from trainables.data.fingerprint import fingerprint_images
from trainables.data.looks import looks_of

NEU = Path(__file__).parents[4] / "shared" / "data" / "neu_det"
TRAIN, VAL = [f"t{row}.png" for row in range(6)], [f"v{row}.png" for row in range(3)]


def refusal(dataset_yaml: Path) -> str:
    with pytest.raises(InputErrors) as caught:
        check_dataset(load_dataset(dataset_yaml))
    return caught.value.line()


@pytest.mark.parametrize(("quality", "scale"), [(90, 1.0), (50, 1.0), (30, 1.0), (75, 0.5), (75, 1.6)])
def test_a_copy_under_another_name_is_refused(tmp_path: Path, quality: int, scale: float) -> None:
    copy = cv2.resize(scene(2), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    write_picture(tmp_path / "images" / "另一个.jpg", copy.astype(np.uint8), quality)
    line = refusal(write_dataset(tmp_path, TRAIN, [*VAL, "另一个.jpg"]))
    assert "1 images of val are copies" in line
    assert "另一个.jpg (val) is t2.png (train)" in line


def test_same_bytes_are_no_copy_on_top(tmp_path: Path) -> None:
    write_picture(tmp_path / "images" / "again.png", scene(2))
    line = refusal(write_dataset(tmp_path, TRAIN, [*VAL, "again.png"]))
    assert "have the content of a train image" in line
    assert len(line.splitlines()) == 1


def test_allowed_overlap_is_told_and_kept(tmp_path: Path) -> None:
    write_picture(tmp_path / "images" / "again.jpg", scene(2))
    summary = check_dataset(load_dataset(write_dataset(tmp_path, TRAIN, [*VAL, "again.jpg"], "allow_overlap: true\n")))
    assert "the data set allows it" in summary.overlap[0]
    assert "again.jpg" in summary.overlap[0]
    assert summary.notices[0] == summary.overlap[0]


def test_allowing_is_true_or_false(tmp_path: Path) -> None:
    with pytest.raises(InputErrors, match="'allow_overlap' is true or false"):
        load_dataset(write_dataset(tmp_path, TRAIN, VAL, "allow_overlap: perhaps\n"))


def test_a_data_set_without_copies_passes(tmp_path: Path) -> None:
    assert check_dataset(load_dataset(write_dataset(tmp_path, TRAIN, VAL, "allow_overlap: true\n"))).overlap == ()


def test_pictures_of_one_grey_and_files_that_are_none_are_no_copies(tmp_path: Path) -> None:
    for name, grey in (("a.png", 10), ("b.png", 10), ("c.png", 200)):
        write_picture(tmp_path / name, np.full((20, 30), grey, np.uint8))
    (tmp_path / "d.png").write_bytes(b"no picture")
    names = ["a.png", "b.png", "c.png", "d.png"]
    looks = looks_of(tmp_path, fingerprint_images(tmp_path, names), print)
    assert looks.known.tolist() == [True, True, True, False]
    assert not len(copies_within(looks))


def test_looks_are_kept_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainables.data.looks._WORTH_KEEPING", 1)
    monkeypatch.setattr("trainables.data.looks._WORTH_SAYING", 3)
    for row in range(3):
        write_picture(tmp_path / "images" / f"{row}.png", scene(row))
    prints = fingerprint_images(tmp_path / "images", ["0.png", "1.png", "2.png"])
    said: list[str] = []
    first = looks_of(tmp_path / "images", prints, said.append, tmp_path / "cache")
    second = looks_of(tmp_path / "gone", prints, said.append, tmp_path / "cache")
    assert len(said) == 1
    np.testing.assert_array_equal(first.grey, second.grey)
    np.testing.assert_array_equal(first.hash_words, second.hash_words)


def test_a_damaged_cache_is_done_without(tmp_path: Path) -> None:
    write_picture(tmp_path / "0.png", scene(0))
    prints = fingerprint_images(tmp_path, ["0.png"])
    (tmp_path / "cache" / "looks-v1").mkdir(parents=True)
    (tmp_path / "cache" / "looks-v1" / f"{prints.contents[0][0]}.npy").write_bytes(b"\x93NUMPY")
    assert looks_of(tmp_path, prints, print, tmp_path / "cache").known.all()


@pytest.mark.skipif(not NEU.is_dir(), reason=f"{NEU} is not there")
def test_photographs_of_one_texture_pass() -> None:
    dataset = load_dataset(NEU / "dataset.yaml")
    check_dataset(dataset)
    prints = [
        fingerprint_images(source.images, load_truth(dataset, source).images.file_name)
        for source in (dataset.train, dataset.val)
    ]
    looks = [looks_of(dataset.train.images, one, print) for one in prints]
    assert not len(copies_between(looks[0], looks[1]))


def test_rendered_look_alikes_pass() -> None:
    assert check_dataset(load_dataset(demo_dataset())).overlap == ()
