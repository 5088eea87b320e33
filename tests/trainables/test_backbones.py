"""Backbones: what they put out, whose weights they take, what of them is trained; and dense detectors on them."""

import math
from pathlib import Path
from typing import Any

import mmdet
import pytest
import torch
from batch_steps import detector_of, drawn_image, losses_of
from mmcv.ops import ModulatedDeformConv2d
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from tiny_detectors import tiny
from torch import Tensor, nn
from torchvision.models import DenseNet, densenet121

from trainables.catalogue import DETECTORS
from trainables.detectors.backbones import backbone_config, level_channels
from trainables.detectors.optimization import optimization
from trainables.effective import MODEL_CONFIGS
from trainables.training import register_mmdet
from trainables.weights import load_start

DEFAULTS = {name: parameter.default for name, parameter in DETECTORS["cascade_rcnn"].train.items()}
SHIPPED = Path(mmdet.__path__[0]) / ".mim" / "configs"
SMALL_DENSE = {"backbone": "densenet121", "base_channels": 8}
NEW = ({"backbone": "densenet121"}, {"backbone": "swin_t"})


def built(**changes: object) -> Any:
    register_mmdet()
    torch.manual_seed(0)
    return MODELS.build(backbone_config({**DEFAULTS, **changes}))


def noise() -> Tensor:
    return torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("option", [*NEW, {"backbone": "densenet121", "norm": "gn"}])
@pytest.mark.parametrize("base_channels", [16, 32])
def test_levels_have_the_stated_channels_and_strides(option: dict[str, object], base_channels: int) -> None:
    sized = {**option, "base_channels": base_channels}
    levels = built(**sized)(noise())
    assert [level.shape[1] for level in levels] == level_channels({**DEFAULTS, **sized})
    assert [tuple(level.shape[2:]) for level in levels] == [(16, 24), (8, 12), (4, 6), (2, 3)]


@pytest.mark.parametrize(("base_channels", "groups", "width"), [(64, 32, 128), (16, 8, 32), (8, 4, 16)])
def test_a_narrow_resnext_has_fewer_groups_of_the_same_width(base_channels: int, groups: int, width: int) -> None:
    middle = built(backbone="resnext101_32x4d", base_channels=base_channels).layer1[0].conv2
    assert (middle.groups, middle.in_channels) == (groups, width)


def test_densenet_121_is_torchvisions() -> None:
    theirs = {name: value.shape for name, value in densenet121().state_dict().items() if "classifier" not in name}
    assert {name: value.shape for name, value in built(backbone="densenet121").state_dict().items()} == theirs


def test_the_last_level_is_what_torchvision_classifies_by() -> None:
    theirs, ours = small_densenet().eval(), built(**SMALL_DENSE).eval()
    ours.load_state_dict(theirs.state_dict(), strict=False)
    assert torch.equal(ours(noise())[-1], theirs.features(noise()).relu())


def small_densenet() -> DenseNet:
    torch.manual_seed(1)
    return DenseNet(4, (6, 12, 24, 16), 8, num_classes=3)


@pytest.mark.parametrize("points", [False, True])
def test_published_weights_of_a_backbone_alone_start_a_detector(points: bool, tmp_path: Path) -> None:
    given = small_densenet().state_dict()
    words = {f".{word}{place}.": f".{word}.{place}." for word in ("norm", "conv") for place in (1, 2)}
    names = {name: pointed(name, words) if points and "denselayer" in name else name for name in given}
    torch.save({names[name]: value for name, value in given.items()}, tmp_path / "densenet.pth")
    model = nn.ModuleDict({"backbone": built(**SMALL_DENSE), "head": nn.Linear(3, 3)})
    assert load_start(model, tmp_path / "densenet.pth") == (len(given) - 2, len(given))  # two are the classifier's
    assert torch.equal(model["backbone"].state_dict()["features.norm5.bias"], given["features.norm5.bias"])


def pointed(name: str, words: dict[str, str]) -> str:
    """A name as in torchvision's published files."""
    for today, then in words.items():
        name = name.replace(today, then)
    return name


def test_frozen_stages_of_a_densenet_stay_as_they_are() -> None:
    network = built(**SMALL_DENSE, frozen_stages=2, init="w.pth").train()
    trained = {name.split(".")[1] for name, one in network.named_parameters() if one.requires_grad}
    assert trained == {"denseblock3", "transition3", "denseblock4", "norm5"}
    before = network.features.transition2.norm.running_mean.clone()
    network(noise())
    assert torch.equal(network.features.transition2.norm.running_mean, before)
    assert network.features.transition3.norm.num_batches_tracked == 1


def test_frozen_statistics_of_a_densenet_are_trained_beside() -> None:
    network = built(**SMALL_DENSE, norm="bn_frozen", init="w.pth").train()
    network(noise())
    assert network.features.norm5.num_batches_tracked == 0
    assert all(one.requires_grad for one in network.parameters())


def test_swin_t_is_mmdets_so_that_its_weights_fit() -> None:
    mmdets = Config.fromfile(SHIPPED / "swin" / "mask-rcnn_swin-t-p4-w7_fpn_1x_coco.py").model.backbone
    theirs = MODELS.build({**mmdets, "init_cfg": None}).state_dict()
    ours = built(backbone="swin_t").state_dict()
    assert {name: value.shape for name, value in ours.items()} == {name: value.shape for name, value in theirs.items()}
    assert backbone_config({**DEFAULTS, "backbone": "swin_t"})["drop_path_rate"] == mmdets.drop_path_rate


def test_a_transformers_normalisations_and_tables_do_not_decay() -> None:
    params = {**DEFAULTS, "backbone": "swin_t", "base_channels": 8, "optimizer": "adamw", "weight_decay": 0.05}
    network = built(**params)
    groups = build_optim_wrapper(network, optimization(params)["optim_wrapper"]).param_groups
    decays = {id(group["params"][0]): group["weight_decay"] for group in groups}
    spared = {name for name, one in network.named_parameters() if decays[id(one)] == 0}
    assert spared == {name for name, _ in network.named_parameters() if "norm" in name or "bias_table" in name}
    assert set(decays.values()) == {0.0, 0.05}


def test_caffe_style_strides_and_normalises_as_mmdets_caffe_weights_want() -> None:
    mmdets = Config.fromfile(SHIPPED / "faster_rcnn" / "faster-rcnn_r50-caffe_fpn_1x_coco.py").model
    named = [name for name, one in DETECTORS.items() if "backbone_style" in one.train]
    assert "deformable_detr" in named
    for detector in named:
        defaults = {name: parameter.default for name, parameter in DETECTORS[detector].train.items()}
        ours = Config(MODEL_CONFIGS[detector]({**defaults, "backbone_style": "caffe"}, 2))
        assert {**ours.data_preprocessor, "pad_size_divisor": 32} == mmdets.data_preprocessor
        assert ours.backbone.style == mmdets.backbone.style
    first = built(backbone_style="caffe", base_channels=8).layer2[0]
    assert (first.conv1.stride, first.conv2.stride) == ((2, 2), (1, 1))


@pytest.mark.parametrize(("stages", "places"), [("c3,c4,c5", "234"), ("c5", "4"), ("c2,c4", "13")])
def test_deformable_convolutions_are_in_the_stages_named(stages: str, places: str) -> None:
    network = built(dcn="v2", dcn_stages=stages, base_channels=8)
    found = {name[len("layer")] for name, part in network.named_modules() if isinstance(part, ModulatedDeformConv2d)}
    assert found == set(places)


def test_stages_without_deformable_convolutions_are_one_configuration() -> None:
    assert backbone_config({**DEFAULTS, "dcn_stages": "c5"}) == backbone_config(DEFAULTS)


@pytest.mark.parametrize("text", ["", "c1", "c5,c4", "c4,c4", "c3, c4", "none"])
def test_stages_are_written_in_their_order(text: str) -> None:
    assert DETECTORS["fcos"].train["dcn_stages"].fault(text) is not None


@pytest.mark.training
@pytest.mark.parametrize("option", NEW)
def test_a_dense_detector_learns_on_each_and_predicts(option: dict[str, object]) -> None:
    model = detector_of("fcos", tiny("fcos", **option))
    losses = losses_of(model)
    assert all(map(math.isfinite, losses)) and min(losses[-3:]) < losses[0]
    pixels, sample = drawn_image(0)
    with torch.inference_mode():
        data = model.eval().data_preprocessor({"inputs": [pixels], "data_samples": [sample]}, False)  # type: ignore[operator]
        found = model(**data, mode="predict")[0].pred_instances
    assert len(found) > 0 and found.scores.isfinite().all() and found.bboxes.isfinite().all()


@pytest.mark.parametrize("backbone", ["resnet18", "hrnet_w18", "densenet121", "swin_t"])
def test_images_of_any_size_go_through_detectors_that_pad_little(backbone: str) -> None:
    model = detector_of("deformable_detr", tiny("deformable_detr", backbone=backbone, feature_levels=3))
    sample = drawn_image(0)[1]
    data = model.data_preprocessor({"inputs": [torch.zeros(3, 75, 97)], "data_samples": [sample]}, False)  # type: ignore[operator]
    levels = model.extract_feat(data["inputs"])  # type: ignore[operator]
    assert [level.shape[1] for level in levels] == [levels[0].shape[1]] * 3
