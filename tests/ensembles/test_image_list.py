"""Where the images of a submission are looked for."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from ensembles.image_list import image_source, openable_list
from results.boxes import images_from_coco
from results.errors import InputError, InputErrors
from trainables.data.dataset import Dataset, Source, TestSource


def dataset(folder: Path, has_test: bool = True) -> Dataset:
    split = Source(folder / "val.json", folder / "pictures")
    test = TestSource(listed(folder / "test.json", "a.png"), folder / "pictures") if has_test else None
    image(folder / "pictures" / "a.png")
    return Dataset("d", folder / "dataset.yaml", split, split, test, None, None, None)


def listed(path: Path, *names: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"id": number, "file_name": name, "width": 4, "height": 4} for number, name in enumerate(names)]
    path.write_text(json.dumps({"images": rows}))
    return path


def image(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_the_data_sets_own_list_and_folder_are_the_default(tmp_path: Path) -> None:
    found = image_source(dataset(tmp_path), None, None)
    assert (found.image_list, found.folder) == (tmp_path / "test.json", tmp_path / "pictures")


def test_a_list_from_elsewhere_finds_the_data_sets_image_folder(tmp_path: Path) -> None:
    data = dataset(tmp_path / "data")
    assert image_source(data, listed(tmp_path / "lists" / "a.json", "a.png"), None).folder == tmp_path / "data/pictures"


@pytest.mark.parametrize("folder", ["lists", "lists/images"])
def test_images_beside_their_list_come_first(tmp_path: Path, folder: str) -> None:
    data = dataset(tmp_path / "data")
    image(tmp_path / folder / "a.png")
    assert image_source(data, listed(tmp_path / "lists" / "a.json", "a.png"), None).folder == tmp_path / folder


def test_missing_images_are_counted_before_anything_is_predicted(tmp_path: Path) -> None:
    names = ["a.png", *(f"{number}.png" for number in range(5))]
    with pytest.raises(InputError, match=r"5 of 6 missing in .*pictures: 0.png, 1.png, 2.png, \.\.\.") as caught:
        image_source(dataset(tmp_path / "data"), listed(tmp_path / "lists" / "a.json", *names), None)
    assert "--image-folder" in caught.value.remedy


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="1 of 1 missing in nowhere"):
        image_source(dataset(tmp_path), None, Path("nowhere"))


def test_without_a_list_the_remedy_names_both_ways(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--images TEST.json .* or add test:"):
        image_source(dataset(tmp_path, has_test=False), None, None)


def test_damaged_images_are_named_or_left_out_aloud(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = images_from_coco(listed(tmp_path / "list.json", "sound.png", "page.png", "absent.png"))
    Image.new("RGB", (4, 4)).save(tmp_path / "sound.png")
    (tmp_path / "page.png").write_text("<html>")
    with pytest.raises(InputErrors) as caught:
        openable_list(images, tmp_path, allow_damaged=False)
    assert "1 of 3 missing" in caught.value.line() and "page.png (" in caught.value.line()
    assert openable_list(images, tmp_path, allow_damaged=True).file_name == ("sound.png",)
    assert "2 of 3 images cannot be opened (allow_damaged): they get no box" in capsys.readouterr().out


def test_missing_images_may_be_missing_where_damage_is_allowed(tmp_path: Path) -> None:
    allowing = replace(dataset(tmp_path / "data"), allow_damaged=True)
    images = listed(tmp_path / "lists" / "a.json", "a.png", "absent.png")
    assert image_source(allowing, images, None).folder == tmp_path / "data/pictures"


@pytest.mark.parametrize("name", ["../a.png", "/nowhere/a.png", "..\\a.png"])
def test_a_name_that_leaves_the_folder_is_refused_unless_the_data_set_allows_it(tmp_path: Path, name: str) -> None:
    data = dataset(tmp_path / "data")
    images = listed(tmp_path / "lists" / "a.json", name)
    with pytest.raises(InputError, match="file_name of test must stay inside the image folder"):
        image_source(data, images, None)
    with pytest.raises(InputError, match="missing"):
        image_source(replace(data, allow_outside=True), images, tmp_path / "nowhere")
