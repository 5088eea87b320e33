"""Which file `init: imagenet` and `init: coco` mean, and that what mmdet publishes in that form starts a detector."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from torchvision.models import resnet18

from results.errors import InputError
from trainables import published_weights as module
from trainables.catalogue import DETECTORS
from trainables.effective import MODEL_CONFIGS, TrainingData, effective_config
from trainables.published_weights import COCO, IMAGENET, published
from trainables.training import build_model
from trainables.weights import load_start

DATA = TrainingData("train.json", "images", (1, 2), ("dot", "dash"))


def params(detector: str, **changes: object) -> dict[str, object]:
    return {name: parameter.default for name, parameter in DETECTORS[detector].train.items()} | changes


def configurations() -> list[str]:
    of_detectors = {name for names in module._COCO_NAMES.values() for name in names.values()}
    return sorted(of_detectors | {f"rtmdet/rtmdet_{size}_8xb32-300e_coco" for size in module._RTMDET_SIZES.values()})


@pytest.mark.parametrize("name", configurations())
def test_every_configuration_in_the_table_has_weights_in_mmdets_list(name: str) -> None:
    url = module._listed_configuration(name)
    assert url is not None and url.endswith(".pth")


@pytest.mark.parametrize("name", sorted(set(module._IMAGENET_NAMES.values())))
def test_every_backbone_in_the_table_is_in_mmengines_list(name: str) -> None:
    url = module._listed(name)
    assert url is not None and url.endswith(".pth")


def test_the_files_lie_where_torch_keeps_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert Path(torch.hub.get_dir()) / "checkpoints" == module.weights_folder()
    monkeypatch.delenv("TORCH_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert Path(torch.hub.get_dir()) / "checkpoints" == module.weights_folder()
    found = published(COCO, "cascade_rcnn", params("cascade_rcnn"))
    assert found.path.name.startswith("cascade_rcnn_r50_fpn_1x_coco") and found.url.endswith(found.path.name)


@pytest.mark.parametrize(
    ("word", "detector", "changes"),
    [
        (COCO, "cascade_rcnn", {"backbone": "resnet18"}),
        (COCO, "cascade_rcnn", {"base_channels": 32}),
        (COCO, "fcos", {"backbone": "resnet50"}),  # published with caffe's backbone only
        (COCO, "rtmdet", {"depth_factor": 0.5}),
        (IMAGENET, "rtmdet", {}),
    ],
)
def test_what_is_not_published_is_refused(word: str, detector: str, changes: dict[str, object]) -> None:
    with pytest.raises(InputError, match=f"init: {word} stands for published weights") as caught:
        published(word, detector, params(detector, **changes))
    assert detector in caught.value.received


@pytest.mark.training
def test_a_file_as_torchvision_publishes_it_starts_a_backbone(tmp_path: Path) -> None:
    torch.manual_seed(5)
    source = resnet18().state_dict()
    torch.save(source, tmp_path / "resnet18.pth")
    model = build_model(effective_config("cascade_rcnn", params("cascade_rcnn", backbone="resnet18"), DATA, seed=0))
    taken, _ = load_start(model, tmp_path / "resnet18.pth")
    own = {name for name in model.state_dict() if name.startswith("backbone.")}
    assert taken == len(own)
    torch.testing.assert_close(model.state_dict()["backbone.layer4.1.conv2.weight"], source["layer4.1.conv2.weight"])


@pytest.mark.training
@pytest.mark.parametrize("detector", ["cascade_rcnn", "retinanet"])
def test_a_file_as_mmdet_publishes_it_starts_all_but_the_classes(detector: str, tmp_path: Path) -> None:
    """A stock model of 80 classes, saved with what mmengine's checkpoints hold, into one of two."""
    small = params(detector, backbone="resnet18", norm="bn")
    stock = build_model({"model": Config(MODEL_CONFIGS[detector](small, 80))})
    meta = {"dataset_meta": {"CLASSES": tuple(map(str, range(80)))}, "mmdet_version": "3.0.0"}
    torch.save({"meta": meta, "state_dict": stock.state_dict()}, tmp_path / "coco.pth")
    model = build_model(effective_config(detector, small, DATA, seed=0))
    taken, all_of_them = load_start(model, tmp_path / "coco.pth")
    classes = 2 * 3 if detector == "cascade_rcnn" else 2  # weight and bias of each classifying layer
    assert all_of_them - taken == classes


def test_a_name_that_a_browser_has_written_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    found = published(COCO, "reppoints", params("reppoints"))
    assert "%2B" in found.path.name
    found.path.parent.mkdir(parents=True)
    saved = found.path.with_name(found.path.name.replace("%2B", "+"))
    saved.touch()
    assert published(COCO, "reppoints", params("reppoints")).path == saved
