"""DATASET.yaml: what it may hold, and the checks that keep a run honest."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from results.errors import InputError, InputErrors
from trainables.data.dataset import check_dataset, load_dataset, load_truth

ROOT = Path(__file__).parents[2]
NEU = ROOT.parent / "shared" / "data" / "neu_det" / "dataset.yaml"
CATEGORIES = ((7, "scratch"), (2, "dent"))
YAML = "train: {annotations: train.json, images: images}\nval: {annotations: val.json, images: images}\n"


def write_image(path: Path, text: str) -> None:
    """A picture of noise that the text decides."""
    pixels = np.random.default_rng(list(text.encode())).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def write_split(folder: Path, split: str, names: Sequence[str], categories: object = CATEGORIES) -> None:
    """A split with one box of category 2 on every image; each image is drawn from its own name."""
    (folder / "images").mkdir(exist_ok=True)
    for name in names:
        write_image(folder / "images" / name, name)
    images = [{"id": index, "file_name": name, "width": 8, "height": 8} for index, name in enumerate(names)]
    boxes = [
        {"id": index, "image_id": index, "category_id": 2, "bbox": [0, 0, 2, 3], "iscrowd": 0, "area": 6}
        for index in range(len(names))
    ]
    listed = [{"id": key, "name": name} for key, name in categories]  # type: ignore[attr-defined]
    content = {"images": images, "annotations": boxes, "categories": listed}
    (folder / f"{split}.json").write_text(json.dumps(content))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_split(tmp_path, "train", ["a_0.png", "a_1.png", "b_0.png"])
    write_split(tmp_path, "val", ["c_0.png"])
    (tmp_path / "dataset.yaml").write_text(YAML)
    return tmp_path


def load_with(folder: Path, extra: str) -> InputError:
    """The error that loading the fixture's file with `extra` lines after it ends in."""
    (folder / "dataset.yaml").write_text(YAML + extra)
    with pytest.raises(InputError) as caught:
        load_dataset(folder / "dataset.yaml")
    return caught.value


def check(folder: Path, extra: str = "") -> str:
    """The lines that checking the fixture's data set ends in."""
    (folder / "dataset.yaml").write_text(YAML + extra)
    with pytest.raises(InputErrors) as caught:
        check_dataset(load_dataset(folder / "dataset.yaml"))
    return caught.value.line()


def test_paths_are_relative_to_the_file(folder: Path) -> None:
    (folder / "dataset.yaml").write_text(YAML + "test: {image_list: t.json, images: other}\nrule: my.yaml\nname: n\n")
    dataset = load_dataset(folder / "dataset.yaml")
    assert dataset.train.annotations == folder / "train.json"
    assert dataset.test is not None and dataset.test.images == folder / "other"
    assert dataset.rule == str(folder / "my.yaml")
    assert dataset.name == "n"


def test_optional_keys_may_be_absent(folder: Path) -> None:
    dataset = load_dataset(folder / "dataset.yaml")
    assert (dataset.test, dataset.rule, dataset.classes, dataset.group_by) == (None, None, None, None)
    assert dataset.name == folder.name


def test_unknown_keys_suggest_the_nearest_with_their_line(folder: Path) -> None:
    line = load_with(folder, "clases: [dent]\n").line()
    assert "dataset.yaml:3: 'clases'" in line
    assert "did you mean 'classes'?" in line


def test_all_faults_are_reported_at_once(folder: Path) -> None:
    error = load_with(folder, "rule: 3\nclasses: dent\ntest: {images: x, image_lst: y}\ngroup_by: '('\n")
    lines = error.line().splitlines()
    assert len(lines) == 5
    assert {4, 3, 5, 6} <= {int(line.split("dataset.yaml:")[1].split(":")[0]) for line in lines}


@pytest.mark.parametrize(
    "text", ["", "train\n", "- a\n", "train: {a\n", "train: 1\ntrain: 2\n", "a: \x00\n", "a: &b\n c"]
)
def test_no_mapping_or_no_yaml_is_refused(folder: Path, text: str) -> None:
    (folder / "dataset.yaml").write_text(text)
    with pytest.raises(InputError, match=r"dataset\.yaml"):
        load_dataset(folder / "dataset.yaml")


def test_bytes_that_are_no_text_are_refused(folder: Path) -> None:
    (folder / "dataset.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        load_dataset(folder / "dataset.yaml")


def test_tags_execute_nothing(folder: Path) -> None:
    error = load_with(folder, f"name: !!python/object/apply:os.mkdir ['{folder}/made']\n")
    assert "a data set file holds no YAML tags" in error.line()
    assert not (folder / "made").exists()


def test_a_missing_file_names_its_path(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.yaml"):
        load_dataset(tmp_path / "nowhere.yaml")


def test_a_class_named_twice_is_refused(folder: Path) -> None:
    assert "named once" in load_with(folder, "classes: [dent, dent]\n").line()


def test_summary_counts_by_category_id(folder: Path) -> None:
    summary = check_dataset(load_dataset(folder / "dataset.yaml"))
    assert [category.id for category in summary.categories] == [2, 7]
    assert summary.train.boxes_of == {2: 3, 7: 0}
    assert (summary.train.images, summary.val.images, summary.test_images) == (3, 1, None)
    assert any("train has no box of scratch" in notice for notice in summary.notices)


def test_classes_restrict_and_order_the_categories(folder: Path) -> None:
    (folder / "dataset.yaml").write_text(YAML + "classes: [scratch, dent]\n")
    assert [one.id for one in check_dataset(load_dataset(folder / "dataset.yaml")).categories] == [7, 2]
    (folder / "dataset.yaml").write_text(YAML + "classes: [dent]\n")
    dataset = load_dataset(folder / "dataset.yaml")
    assert [one.name for one in load_truth(dataset, dataset.val).categories] == ["dent"]


def test_restricting_to_a_class_without_boxes_leaves_nothing_to_train_on(folder: Path) -> None:
    assert "train must hold a box to learn from; received 3 images with 0 boxes" in check(
        folder, "classes: [scratch]\n"
    )


def test_an_unknown_class_lists_the_known_ones(folder: Path) -> None:
    line = check(folder, "classes: [dents]\n")
    assert "dents" in line
    assert "choose among scratch, dent" in line


def test_missing_and_malformed_annotations_are_reported_together(folder: Path) -> None:
    (folder / "train.json").unlink()
    (folder / "val.json").write_text("{cut off")
    lines = check(folder).splitlines()
    assert len(lines) == 2
    assert "train.json" in lines[0]
    assert "val.json" in lines[1]


def test_missing_images_are_counted_and_the_first_named(folder: Path) -> None:
    for name in ("a_0.png", "b_0.png"):
        (folder / "images" / name).unlink()
    assert "2 of 3 missing" in check(folder)
    assert "a_0.png, b_0.png" in check(folder)


def test_missing_test_images_are_a_fault(folder: Path) -> None:
    write_split(folder, "test", ["t.png"])
    (folder / "images" / "t.png").unlink()
    assert "every image of test" in check(folder, "test: {image_list: test.json, images: images}\n")


def test_the_same_path_in_both_splits_is_refused(folder: Path) -> None:
    write_split(folder, "val", ["c_0.png", "a_1.png"])
    line = check(folder)
    assert "train and val share no image" in line
    assert "1 images are listed in both: a_1.png" in line


def test_the_same_content_under_another_name_is_refused(folder: Path) -> None:
    write_image(folder / "images" / "c_0.png", "a_1.png")
    assert "c_0.png (val) = a_1.png (train)" in check(folder)


def test_repeated_images_inside_a_split_are_a_notice(folder: Path) -> None:
    write_image(folder / "images" / "a_1.png", "a_0.png")
    notices = check_dataset(load_dataset(folder / "dataset.yaml")).notices
    assert any("train holds 1 repeated images, first a_0.png = a_1.png" in notice for notice in notices)


def test_categories_are_compared_by_id(folder: Path) -> None:
    write_split(folder, "val", ["c_0.png"], categories=((2, "dent"), (7, "scratch")))
    assert check_dataset(load_dataset(folder / "dataset.yaml")).val.boxes == 1
    write_split(folder, "val", ["c_0.png"], categories=((2, "scratch"), (7, "dent")))
    assert "id 2 is 'dent' in train and 'scratch' in val" in check(folder)


def test_a_split_without_images_is_refused(folder: Path) -> None:
    write_split(folder, "val", [])
    assert "val must hold a box to score; received 0 images with 0 boxes" in check(folder)


def test_a_group_never_straddles_the_splits(folder: Path) -> None:
    assert "group_by" not in check_dataset(load_dataset(folder / "dataset.yaml")).notices
    write_split(folder, "val", ["c_0.png", "a_2.png"])
    assert "1 images of val share a group with train: a_2.png" in check(folder, "group_by: '^(.)_'\n")


def test_an_expression_that_matches_nothing_is_refused(folder: Path) -> None:
    assert "'group_by' matches file names of train" in check(folder, "group_by: 'imgs_(\\d+)_'\n")


def test_importing_draws_in_neither_torch_nor_opencv() -> None:
    code = "import sys, trainables.data.dataset; print([m for m in ('torch', 'cv2') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(not NEU.exists(), reason="../shared/data/neu_det is absent")
def test_the_real_data_set_passes() -> None:
    summary = check_dataset(load_dataset(NEU))
    assert (summary.train.images, summary.val.images, summary.test_images) == (1260, 270, 270)
    assert summary.train.boxes == sum(summary.train.boxes_of.values())
