"""`prepare subsets` by its command line, and the rule that a subset and the ensemble share."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from orchestrator.settings import CheckedData
from results.boxes import truth_from_coco
from results.commands import run_command
from results.errors import InputError
from trainables.data.dataset import check_dataset, load_dataset
from trainables.data.prepare import main
from trainables.data.subset_rule import SubsetRule, mode_of
from trainables.data.subsets_command import widest_gap_px


def divided(dataset: Path, out: Path, *more: str) -> dict[str, Path]:
    """The data set files by subset."""
    assert main(["subsets", str(dataset), "--out", str(out), *more]) == 0
    return {path.stem: path for path in sorted(out.glob("*.yaml"))}


@pytest.mark.parametrize(("by", "names"), [("size", ["large", "small"]), ("colour", ["colour", "grey"])])
def test_each_image_is_in_one_subset_with_its_boxes(
    tiny_dataset: Path, tmp_path: Path, by: str, names: list[str]
) -> None:
    files = divided(tiny_dataset, tmp_path / "部分", "--by", by)
    assert list(files) == names
    for split in ("train", "val"):
        whole = truth_from_coco(tiny_dataset.parent / f"{split}.json")
        parts = [truth_from_coco(file.parent / f"{name}_{split}.json") for name, file in files.items()]
        assert sorted(name for part in parts for name in part.images.file_name) == sorted(whole.images.file_name)
        assert sum(len(part) for part in parts) == len(whole)


def test_caps_and_labels_are_told_apart_by_size_and_by_mode(tiny_dataset: Path, tmp_path: Path) -> None:
    small = truth_from_coco(divided(tiny_dataset, tmp_path / "a", "--by", "size")["small"].parent / "small_train.json")
    grey = truth_from_coco(divided(tiny_dataset, tmp_path / "b", "--by", "colour")["grey"].parent / "grey_train.json")
    assert set(small.images.width_px.tolist()) == {200}
    assert set(grey.images.width_px.tolist()) == {320}


def test_a_search_takes_a_subset_and_records_its_rule(tiny_dataset: Path, tmp_path: Path) -> None:
    dataset = load_dataset(divided(tiny_dataset, tmp_path, "--by", "size", "--limit", "250")["large"])
    assert CheckedData(dataset, check_dataset(dataset)).record()["subset"] == {"above_px": 250}
    assert dataset.test == load_dataset(tiny_dataset).test


def test_classes_are_divided_and_all_images_stay(tiny_dataset: Path, tmp_path: Path) -> None:
    files = divided(tiny_dataset, tmp_path, "--by", "class", "--classes", "瓶盖破损, 喷码正常")
    chosen, others = (check_dataset(load_dataset(files[name])) for name in ("chosen", "others"))
    assert [category.id for category in chosen.categories] == [1, 9]
    assert [category.id for category in others.categories] == [2, 3, 4, 5, 6, 7, 8, 10]
    assert chosen.train.images == others.train.images == len(truth_from_coco(tiny_dataset.parent / "train.json").images)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--by", "size", "--limit", "9999"], "every subset has images"),
        (["--by", "class"], "--classes"),
        (["--by", "class", "--classes", "瓶"], "瓶"),
        (["--by", "moon"], "moon"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    tiny_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    out = tmp_path / "out"
    assert run_command(main, ["subsets", str(tiny_dataset), "--out", str(out), *more]) == 2
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") == 1
    assert not out.exists()


def test_the_limit_lies_in_the_widest_gap() -> None:
    assert widest_gap_px([658, 658, 700, 4096]) == round((700 * 4096) ** 0.5)
    with pytest.raises(InputError, match="several sizes"):
        widest_gap_px([658, 658])


@pytest.mark.parametrize(("side", "small", "large"), [(250, True, False), (251, False, True)])
def test_every_size_is_in_one_of_two_subsets(side: int, small: bool, large: bool) -> None:
    assert SubsetRule(at_most_px=250).holds(side, None) is small
    assert SubsetRule(above_px=250).holds(side, None) is large


@pytest.mark.parametrize("values", [{"limit": 3}, {"at_most_px": "3"}, {"at_most_px": True}, {"mode": "red"}])
def test_what_is_no_rule_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(InputError, match="at_most_px"):
        SubsetRule.from_dict(values)


def test_a_grey_picture_in_three_channels_is_grey(tmp_path: Path) -> None:
    grey = np.random.default_rng(0).integers(0, 255, (64, 64, 1), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "grey.jpg"), np.repeat(grey, 3, axis=2))
    cv2.imwrite(str(tmp_path / "red.png"), np.repeat(grey, 3, axis=2) // [[[4, 4, 1]]])
    assert (mode_of(tmp_path / "grey.jpg"), mode_of(tmp_path / "red.png")) == ("grey", "colour")


def test_json_is_one_line(tiny_dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    divided(tiny_dataset, tmp_path, "--by", "size", "--json")
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert json.loads(said)["subsets"]["small"]["rule"] == {"at_most_px": 253}
