import subprocess
import sys
from collections.abc import Mapping

import pytest

from trainables.catalogue import DETECTORS
from trainables.notation import FOLLOW_TRAINING
from trainables.parameters import Parameter, by_name, with_defaults

CASCADE = DETECTORS["cascade_rcnn"]
EVERY = [one for detector in DETECTORS.values() if detector.reads_data for one in detector.train.values()]
ALL = list({(one.name, one.description): one for one in (*EVERY, *CASCADE.predict.values())}.values())


def complete(changes: Mapping[str, object]) -> dict[str, object]:
    return {name: parameter.default for name, parameter in CASCADE.train.items()} | dict(changes)


@pytest.mark.parametrize("parameter", ALL, ids=lambda parameter: parameter.name)
def test_each_parameter_takes_its_default_and_refuses_nonsense(parameter: Parameter) -> None:
    assert parameter.fault(parameter.default) is None
    junk: tuple[object, ...] = (None, (), "nonsense!", float("nan"), -12345, 10**9)
    for nonsense in junk:
        fault = parameter.fault(nonsense)
        assert fault is not None
        rule, _, remedy = fault.partition("; ")
        assert rule.startswith(f"{parameter.name} is ") and remedy


@pytest.mark.parametrize("parameter", ALL, ids=lambda parameter: parameter.name)
def test_each_parameter_is_described_on_one_line(parameter: Parameter) -> None:
    assert 5 < len(parameter.description) < 110
    assert parameter.description.isprintable()


def test_the_defaults_are_stock_and_go_together() -> None:
    stock = complete({})
    assert (stock["backbone"], stock["lr"], stock["batch_size"], stock["stage_ious"]) == (
        "resnet50",
        0.02,
        16,
        "0.5,0.6,0.7",
    )
    assert CASCADE.combination_fault(stock) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"dcn": "v1", "backbone": "resnet18"},
        {"rpn_pos_iou": 0.3, "rpn_neg_iou": 0.5},
        {"norm": "bn_frozen"},
        {"frozen_stages": 1},
        {"backbone_blocks": "gc", "backbone": "resnet18"},
        {"backbone": "hrnet_w32", "dcn": "v1"},
        {"backbone": "hrnet_w18", "norm": "gn"},
        {"backbone": "densenet121", "dcn": "v1"},
        {"backbone": "densenet121", "backbone_blocks": "gc"},
        {"backbone": "densenet121", "norm": "gn", "base_channels": 24},
        {"backbone": "resnext101_32x4d", "backbone_style": "caffe"},
        {"backbone": "swin_t", "dcn": "v2"},
        {"backbone": "swin_t", "norm": "gn"},
        {"backbone": "swin_t", "base_channels": 9},
        {"neck": "hrfpn", "fpn_start_level": 1},
        {"rpn_min_pos_iou": 0.8},
        {"head_samplers": "ohem,ohem"},
        {"stage_neg_ious": "0.3,0.3"},
        {"stage_neg_ious": "0.6"},
    ],
)
def test_values_that_do_not_go_together(changes: dict[str, object]) -> None:
    fault = CASCADE.combination_fault(complete(changes))
    assert fault is not None
    assert "; " in fault


@pytest.mark.parametrize("name", [name for name, one in DETECTORS.items() if "teacher" in one.train])
def test_a_teacher_goes_without_another_average(name: str) -> None:
    stock = {key: one.default for key, one in DETECTORS[name].train.items()}
    for changes in ({"teacher": "mean"}, {"ema": 0.001}):
        assert DETECTORS[name].combination_fault(stock | changes) is None
    fault = DETECTORS[name].combination_fault(stock | {"teacher": "mean", "ema": 0.001})
    assert fault is not None
    assert "ema: 0" in fault


def test_frozen_stages_go_with_starting_weights() -> None:
    parameters = complete({"init": "weights/r50.pth", "frozen_stages": 1, "norm": "bn_frozen"})
    assert CASCADE.combination_fault(parameters) is None


def test_prediction_follows_training_unless_told_a_scale() -> None:
    scale = CASCADE.predict["scale"]
    assert scale.default == FOLLOW_TRAINING
    assert (scale.fault("658x492"), scale.fault("192x144..224x168") is None) == (None, False)


@pytest.mark.parametrize("remote", ["torchvision://resnet50", "https://example.org/w.pth", "imagenet21k", "weights"])
def test_starting_weights_are_a_local_file_or_published(remote: str) -> None:
    fault = CASCADE.train["init"].fault(remote)
    assert fault is not None
    assert "download the weights first" in fault
    assert CASCADE.train["init"].fault("imagenet") is CASCADE.train["init"].fault("coco") is None


def test_a_configuration_file_starts_from_a_file() -> None:
    assert DETECTORS["config"].train["init"].fault("coco") is not None
    assert DETECTORS["config"].train["init"].fault("own.pth") is None


def test_truth_values_are_no_numbers() -> None:
    assert CASCADE.train["rois"].fault(True) is not None
    assert CASCADE.train["lr"].fault(True) is not None
    assert CASCADE.predict["flip"].fault(1) is not None


def test_a_default_is_replaced_by_name_alone() -> None:
    replaced = with_defaults((CASCADE.train["rois"], CASCADE.train["lr"]), lr=0.5)
    assert [one.default for one in replaced] == [CASCADE.train["rois"].default, 0.5]
    with pytest.raises(ValueError, match="speed"):
        with_defaults(replaced, speed=1)


@pytest.mark.parametrize(
    ("detector", "changes"),
    [
        ("faster_rcnn", {"rpn_pos_iou": 0.3, "rpn_neg_iou": 0.5}),
        ("retinanet", {"pos_iou": 0.3, "neg_iou": 0.5}),
        ("fcos", {"dcn": "v1", "backbone": "resnet18"}),
        ("reppoints", {"points": 16}),
    ],
)
def test_other_detectors_refuse_what_does_not_go_together(detector: str, changes: dict[str, object]) -> None:
    defaults = {name: parameter.default for name, parameter in DETECTORS[detector].train.items()}
    fault = DETECTORS[detector].combination_fault(defaults | changes)
    assert fault is not None and "; " in fault


def test_parameters_have_different_names() -> None:
    rois = CASCADE.train["rois"]
    with pytest.raises(ValueError, match="different names"):
        by_name(rois, rois)


def test_the_catalogue_is_plain_data() -> None:
    code = "import sys, trainables.catalogue; print([m for m in ('torch', 'mmdet', 'mmengine') if m in sys.modules])"
    environment = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
