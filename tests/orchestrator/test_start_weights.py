"""A search refuses images that train and val share, and starting weights that have seen validation images."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_search import write_data, write_space
from torch import nn

import search_spaces as spaces
from orchestrator.jobs import complete_params, stated_params
from orchestrator.options import Options, parse_options
from orchestrator.refusals import refusal
from orchestrator.search import main
from orchestrator.settings import resolve
from orchestrator.start_weights import start_weights_of
from results.commands import run_command
from results.errors import InputError, InputErrors
from search_spaces.loading import load_space
from trainables.catalogue import DETECTORS
from trainables.trained_on import trained_on
from trainables.weights import save_weights

SPACE = "detector: cascade_rcnn\nrule: coco50\ntrain: {init: START.pth, lr: {log: [0.001, 0.01]}}\n"


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    write_data(tmp_path)
    (tmp_path / "start.yaml").write_text(SPACE.replace("START.pth", str(tmp_path / "START.pth")))
    return ["--space", str(tmp_path / "start.yaml"), "--data", str(tmp_path / "dataset.yaml"), "--profile", "full"]


def start_from(folder: Path, *names: str) -> None:
    """Writes starting weights that were trained on these images."""
    save_weights(nn.Linear(3, 2), folder / "START.pth", trained_on(folder / "images", names, None))


def options(command: list[str]) -> Options:
    return parse_options(command)


def test_a_start_that_has_seen_a_validation_image_is_refused(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start_from(tmp_path, "1.png", "6.png")
    assert run_command(main, command) == 2
    line = capsys.readouterr().err
    assert "START.pth was trained on 1 images of val: 6.png" in line
    assert len(line.splitlines()) == 1


def test_a_start_that_has_seen_training_images_alone_passes(command: list[str], tmp_path: Path) -> None:
    start_from(tmp_path, "1.png", "2.png")
    assert not [notice for notice in resolve(options(command), None).notices if "START" in notice]


def test_a_start_that_says_nothing_is_named(command: list[str], tmp_path: Path) -> None:
    save_weights(nn.Linear(3, 2), tmp_path / "START.pth")
    notices = [notice for notice in resolve(options(command), None).notices if "START" in notice]
    assert len(notices) == 1
    assert "does not say what it was trained on" in notices[0]


def test_a_renamed_validation_image_is_known_by_its_content(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "images" / "other.png").write_bytes((tmp_path / "images" / "7.png").read_bytes())
    start_from(tmp_path, "other.png")
    with pytest.raises(InputErrors, match=r"7\.png \(other\.png then\)"):
        resolve(options(command), None)


def test_what_is_allowed_is_a_notice(command: list[str], tmp_path: Path) -> None:
    start_from(tmp_path, "6.png")
    file = tmp_path / "dataset.yaml"
    file.write_text(file.read_text() + "allow_overlap: true\n")
    assert any(
        "the data set allows it" in notice and "6.png" in notice for notice in resolve(options(command), None).notices
    )


def test_a_copy_of_a_training_image_ends_a_search_before_it_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plant_copy(tmp_path)
    command = ["--space", str(write_space(tmp_path)), "--data", str(tmp_path / "dataset.yaml")]
    assert run_command(main, command) == 2
    assert "7.jpg (val) is 1.png (train)" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_an_allowed_overlap_is_on_record(tmp_path: Path) -> None:
    plant_copy(tmp_path)
    file = tmp_path / "dataset.yaml"
    file.write_text(file.read_text() + "allow_overlap: true\n")
    command = ["--space", str(write_space(tmp_path)), "--data", str(file)]
    record = resolve(parse_options(command), None).record()
    assert "7.jpg (val) is 1.png (train)" in str(record["overlap"])


def plant_copy(folder: Path) -> None:
    """A data set whose last validation image is the first training image, encoded again under another name."""
    write_data(folder)
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8).repeat(8, 0).repeat(8, 1)
    Image.fromarray(pixels).save(folder / "images" / "1.png")
    Image.fromarray(pixels).save(folder / "images" / "7.jpg", quality=60)
    side = {"width": 64, "height": 64}
    for split, place, changes in (("train", 0, side), ("val", -1, {**side, "file_name": "7.jpg"})):
        content = json.loads((folder / f"{split}.json").read_text())
        content["images"][place] |= changes
        (folder / f"{split}.json").write_text(json.dumps(content))


PUBLISHED = """detector: {choice: [cascade_rcnn, rtmdet]}
rule: coco50
train:
  init: {choice: [none, coco]}
  backbone: {choice: [resnet50, resnet101]}
  depth_factor: 1.0
  lr: {log: [0.001, 0.01]}
"""


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], Path]:
    """A command whose space starts from published weights, and the empty folder where they are looked for."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    write_data(tmp_path)
    file = tmp_path / "published.yaml"
    file.write_text(PUBLISHED)
    return ["--space", str(file), "--data", str(tmp_path / "dataset.yaml"), "--profile", "full"], folder


def test_published_weights_that_are_not_there_are_named_with_their_address(
    published: tuple[list[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    command, _ = published
    assert run_command(main, command) == 2
    line = capsys.readouterr().err
    assert len(line.splitlines()) == 1
    assert "torch/hub/checkpoints;" in line
    assert re.search(r"download https://\S+/cascade_rcnn_r101\S+\.pth into it", line)


def test_published_weights_are_the_files_of_every_detector_and_backbone(published: tuple[list[str], Path]) -> None:
    command, folder = published
    space = load_space(command[1], DETECTORS)
    for _ in range(3):
        with pytest.raises(InputError) as caught:
            start_weights_of(space)
        save_weights(nn.Linear(3, 2), folder / caught.value.remedy.split()[1].rpartition("/")[2])
    names = sorted(path.name.split("_fpn")[0].split("_8xb32")[0] for path in start_weights_of(space))
    assert names == ["cascade_rcnn_r101", "cascade_rcnn_r50", "rtmdet_l"]
    point = {"detector": "cascade_rcnn", "init": "coco", "backbone": "resnet101"}
    assert Path(str(complete_params(space, point)["init"])).parent == folder
    assert stated_params(space, point)["init"] == "coco"


def test_published_weights_that_do_not_exist_are_refused_before_anything_starts(
    published: tuple[list[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    command, _ = published
    Path(command[1]).write_text(PUBLISHED.replace("[none, coco]", "[coco, none]").replace("resnet50,", "resnet34,"))
    assert run_command(main, command) == 2
    line = capsys.readouterr().err
    assert len(line.splitlines()) == 1
    assert "init: coco stands for published weights" in line and "backbone resnet34" in line


def test_values_that_exclude_each_other_ask_for_no_published_weights(
    published: tuple[list[str], Path], tmp_path: Path
) -> None:
    file = tmp_path / "styled.yaml"
    file.write_text(
        "detector: cascade_rcnn\nrule: coco50\n"
        "train: {init: imagenet, backbone: {choice: [resnet50, resnet18]}, "
        "backbone_style: {choice: [pytorch, caffe]}}\n"
    )
    space = load_space(str(file), DETECTORS)
    with pytest.raises(InputError, match=r"download \S+resnet\d+\S+\.pth into it"):
        start_weights_of(space)  # and not: there are no weights of a ResNet-18 of caffe's style
    point = {"init": "imagenet", "backbone": "resnet18", "backbone_style": "caffe", "epochs": 12}
    refused = refusal(space, point)
    assert refused is not None and "has no caffe style" in refused.reason


def test_a_point_whose_weights_nobody_published_is_no_trial(published: tuple[list[str], Path], tmp_path: Path) -> None:
    file = tmp_path / "narrow.yaml"
    file.write_text(
        "detector: cascade_rcnn\nrule: coco50\ntrain: {init: imagenet, base_channels: {choice: [64, 32]}}\n"
    )
    refused = refusal(load_space(str(file), DETECTORS), {"init": "imagenet", "base_channels": 32, "epochs": 12})
    assert refused is not None and "init: imagenet stands for published weights" in refused.reason


def test_words_under_a_condition_are_looked_for(published: tuple[list[str], Path], tmp_path: Path) -> None:
    file = tmp_path / "conditional.yaml"
    file.write_text(
        "detector: cascade_rcnn\nrule: coco50\n"
        "train: {norm: {choice: [bn, bn_frozen]}, init: {choice: [imagenet, coco], when: {norm: [bn_frozen]}}}\n"
    )
    with pytest.raises(InputError, match="published weights must be on this machine"):
        start_weights_of(load_space(str(file), DETECTORS))


def test_points_without_published_weights_beside_others_are_left_out_aloud(published: tuple[list[str], Path]) -> None:
    command, folder = published
    Path(command[1]).write_text(PUBLISHED.replace("resnet101", "resnet34"))
    space = load_space(command[1], DETECTORS)
    for _ in range(2):
        with pytest.raises(InputError) as caught:
            start_weights_of(space)
        save_weights(nn.Linear(3, 2), folder / caught.value.remedy.split()[1].rpartition("/")[2])
    notices = resolve(options(command), None).notices
    assert any("points without any are not tried: cascade_rcnn with backbone resnet34" in one for one in notices)
    assert refusal(space, {"detector": "cascade_rcnn", "init": "coco", "backbone": "resnet34"}) is not None


@pytest.mark.parametrize("name", ["cascade", "fcos", "fcostd", "log_replay", "retinanet", "rtmdet", "reppoints"])
def test_a_shipped_space_takes_the_word_that_it_names(
    published: tuple[list[str], Path], tmp_path: Path, name: str
) -> None:
    shipped = Path(spaces.__file__).with_name(f"{name}.yaml").read_text()
    file = tmp_path / f"{name}.yaml"
    file.write_text(shipped.replace("\n  init: none", "\n  init: coco", 1))
    with pytest.raises(InputError, match="download http"):
        start_weights_of(load_space(str(file), DETECTORS))
