"""Images without labels: how a data set names them, and that no validation image is among them."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from pictures import scene, write_coco, write_dataset, write_picture

from results.errors import InputError, InputErrors
from trainables.data.dataset import check_dataset, load_dataset
from trainables.data.next_dataset import write_next_dataset
from trainables.data.unlabelled import Unlabelled, unlabelled_names

TRAIN, VAL = [f"t{row}.png" for row in range(4)], [f"v{row}.png" for row in range(3)]


def with_unlabelled(folder: Path, names: Sequence[str], more: str = "") -> Path:
    """DATASET.yaml whose unlabelled images lie in `folder/more`; those that are not there yet are drawn."""
    for seed, name in enumerate(names, start=100):
        if not (folder / "more" / name).exists():
            write_picture(folder / "more" / name, scene(seed))
    return write_dataset(folder, TRAIN, VAL, f"unlabelled: {{images: more}}\n{more}")


def refusal(dataset_yaml: Path) -> str:
    with pytest.raises(InputError) as caught:
        check_dataset(load_dataset(dataset_yaml))
    return caught.value.line()


def test_a_folder_holds_its_pictures_at_any_depth(tmp_path: Path) -> None:
    file = with_unlabelled(tmp_path, ["瓶盖/b.png", "a.jpg"])
    (tmp_path / "more" / "notes.txt").write_text("no picture")
    dataset = load_dataset(file)
    assert dataset.unlabelled == Unlabelled(tmp_path / "more")
    assert unlabelled_names(dataset.unlabelled) == ("a.jpg", "瓶盖/b.png")
    summary = check_dataset(dataset)
    assert summary.unlabelled is not None
    assert summary.unlabelled.file_names == ("a.jpg", "瓶盖/b.png")
    assert summary.overlap == ()


def test_a_list_names_its_images_alone(tmp_path: Path) -> None:
    write_coco(tmp_path / "list.json", ["b.png", "a.png"])
    file = with_unlabelled(tmp_path, ["a.png", "b.png", "c.png"])
    file.write_text(file.read_text().replace("{images: more}", "{image_list: list.json, images: more}"))
    source = load_dataset(file).unlabelled
    assert source is not None
    assert unlabelled_names(source) == ("b.png", "a.png")


def test_a_data_set_without_any_is_what_it_was(tmp_path: Path) -> None:
    summary = check_dataset(load_dataset(write_dataset(tmp_path, TRAIN, VAL)))
    assert summary.unlabelled is None


def test_bytes_of_a_validation_image_are_refused(tmp_path: Path) -> None:
    write_picture(tmp_path / "more" / "again.png", scene(len(TRAIN)))
    line = refusal(with_unlabelled(tmp_path, ["a.png", "again.png"]))
    assert "unlabelled and val share no image" in line
    assert "v0.png (val) = again.png (unlabelled)" in line


def test_a_copy_of_a_validation_image_is_refused(tmp_path: Path) -> None:
    write_picture(tmp_path / "more" / "again.jpg", scene(len(TRAIN)), quality=50)
    line = refusal(with_unlabelled(tmp_path, ["a.png", "again.jpg"]))
    assert "v0.png (val) is again.jpg (unlabelled)" in line


def test_the_folder_of_val_itself_is_refused(tmp_path: Path) -> None:
    file = write_dataset(tmp_path, TRAIN, VAL, "unlabelled: {images: images}\n")
    assert "unlabelled and val share no image; received 3 images are listed in both" in refusal(file)


def test_frames_of_a_validation_group_are_refused(tmp_path: Path) -> None:
    file = with_unlabelled(tmp_path, ["a7_1.png", "v1_9.png"], "group_by: '([tva]\\d)'\n")
    assert "1 images of val share a group with unlabelled: v1.png" in refusal(file)


def test_training_images_may_be_among_them(tmp_path: Path) -> None:
    write_picture(tmp_path / "more" / "again.png", scene(0))
    assert check_dataset(load_dataset(with_unlabelled(tmp_path, ["again.png"]))).overlap == ()


def test_allowed_overlap_is_on_record(tmp_path: Path) -> None:
    write_picture(tmp_path / "more" / "again.png", scene(len(TRAIN)))
    summary = check_dataset(load_dataset(with_unlabelled(tmp_path, ["again.png"], "allow_overlap: true\n")))
    assert "again.png (unlabelled)" in summary.overlap[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("unlabelled: more\n", "'unlabelled' is a mapping"),
        ("unlabelled: {}\n", "'images' of 'unlabelled' is given"),
        ("unlabelled: {images: more, list: x.json}\n", "did you mean 'image_list'?"),
        ("unlabelled: {images: 3}\n", "'images' of 'unlabelled' is a text"),
    ],
)
def test_another_form_is_a_fault_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputErrors) as caught:
        load_dataset(write_dataset(tmp_path, TRAIN, VAL, text))
    assert said in caught.value.line()
    assert "dataset.yaml:4" in caught.value.line()


@pytest.mark.parametrize("text", ["{images: nowhere}", "{images: images, image_list: nowhere.json}"])
def test_what_is_not_there_is_named(tmp_path: Path, text: str) -> None:
    assert "nowhere" in refusal(write_dataset(tmp_path, TRAIN, VAL, f"unlabelled: {text}\n"))


def test_a_listed_image_that_is_missing_is_named(tmp_path: Path) -> None:
    write_coco(tmp_path / "list.json", ["absent.png"])
    line = refusal(write_dataset(tmp_path, TRAIN, VAL, "unlabelled: {images: images, image_list: list.json}\n"))
    assert "every image of unlabelled must be on disk" in line
    assert "absent.png" in line


def test_the_next_data_set_has_them_too(tmp_path: Path) -> None:
    dataset = load_dataset(with_unlabelled(tmp_path, ["a.png"]))
    (tmp_path / "next").mkdir()
    write_next_dataset(tmp_path / "next" / "dataset.yaml", dataset, dataset.train.annotations, dataset.train.images)
    again = load_dataset(tmp_path / "next" / "dataset.yaml").unlabelled
    assert again == Unlabelled((tmp_path / "more").resolve())


def test_damaged_images_are_named_or_left_out(tmp_path: Path) -> None:
    file = with_unlabelled(tmp_path, ["a.png", "b.png"])
    (tmp_path / "more" / "b.png").write_text("<html>")
    assert "every image of unlabelled must decode; received 1 of 2 that cannot: b.png" in refusal(file)
    source = load_dataset(with_unlabelled(tmp_path, ["a.png", "b.png"], "allow_damaged: true\n")).unlabelled
    assert source is not None and unlabelled_names(source) == ("a.png",)
