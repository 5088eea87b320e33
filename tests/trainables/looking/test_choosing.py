"""Which images a user means by an id, a name or a path."""

from pathlib import Path

import numpy as np
import pytest

from results.boxes import Truth, images_from_coco, truth_from_coco
from results.errors import InputError
from trainables.data.dataset import Dataset, load_dataset
from trainables.looking.choosing import Chosen, chosen_images


@pytest.fixture
def dataset(tiny_dataset: Path) -> Dataset:
    return load_dataset(tiny_dataset)


@pytest.fixture
def truth(dataset: Dataset) -> Truth:
    return truth_from_coco(dataset.val.annotations)


def test_ids_and_names_of_val_have_truth(truth: Truth, dataset: Dataset) -> None:
    image_id, name = int(truth.images.image_id[4]), truth.images.file_name[4]
    expected = Chosen(name, dataset.val.images / name, image_id)
    assert chosen_images([str(image_id), name], truth, dataset) == [expected]


def test_test_images_and_other_files_have_none(truth: Truth, dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "瓶盖.jpg").touch()
    assert dataset.test is not None
    name = images_from_coco(dataset.test.image_list).file_name[1]
    chosen = chosen_images([name, str(tmp_path / "瓶盖.jpg")], truth, dataset)
    assert [(one.path, one.val_id) for one in chosen] == [
        (dataset.test.images / name, None),
        (tmp_path / "瓶盖.jpg", None),
    ]


def test_the_fullest_images_are_looked_at_by_default(truth: Truth, dataset: Dataset) -> None:
    counts = [int(np.sum(truth.image_id == one)) for one in truth.images.image_id]
    chosen = chosen_images([], truth, dataset)
    assert [int(np.sum(truth.image_id == one.val_id)) for one in chosen] == sorted(counts, reverse=True)[:3]


def test_an_unknown_image_is_refused_with_the_nearest_name(truth: Truth, dataset: Dataset) -> None:
    with pytest.raises(InputError, match=r"val_0003\.png"):
        chosen_images(["val_0003.pgn"], truth, dataset)


def test_two_images_are_not_drawn_into_one_file(truth: Truth, dataset: Dataset, tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("a.png", "a.jpg")]
    for name in names:
        Path(name).touch()
    with pytest.raises(InputError, match="different names"):
        chosen_images(names, truth, dataset)


@pytest.mark.parametrize(
    ("name", "stem"), [("a.png", "a"), ("caps/b.c.jpg", "caps_b.c"), ("../x/d.jpg", "x_d"), ("/tmp/e.bmp", "tmp_e")]
)
def test_a_name_becomes_a_part_of_a_files_name(name: str, stem: str) -> None:
    assert Chosen(name, Path(name)).stem == stem
