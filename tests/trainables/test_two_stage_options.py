"""Every option of two-stage detectors: it takes effect, its loss falls on one batch, and it predicts."""

import math
from functools import cache

import pytest
from batch_steps import DATA, detector_of, losses_of, predicted
from tiny_detector import TINY_DETECTOR

from trainables.effective import effective_config
from trainables.proof.building import built
from trainables.proof.description import Description

pytestmark = pytest.mark.training

LOSSES: list[dict[str, object]] = [
    *({"head_box_loss": word} for word in ("l1", "balanced_l1", "iou", "giou", "diou", "ciou")),
    *({"rpn_box_loss": word} for word in ("l1", "balanced_l1", "iou", "giou", "diou", "ciou")),
    {"rpn_class_loss": "focal"},
    {"head_class_loss": "focal"},
    {"head_class_loss": "focal", "class_weights": "rule", "head_samplers": "ohem"},
    {"class_weights": "rule"},
]
SAMPLING: list[dict[str, object]] = [
    {"head_samplers": "ohem"},
    {"head_samplers": "random,ohem,iou_balanced"},
    {"head_min_pos_iou": 0.2},
    {"rpn_min_pos_iou": 0.1},
    {"stage_neg_ious": "0.3"},
    {"stage_neg_ious": "0.3,0.4,0.4"},
]
NECKS: list[dict[str, object]] = [
    {"neck": "pafpn"},
    {"neck": "bfp"},
    *({"fpn_outputs": 6, "fpn_extra_convs": where} for where in ("on_input", "on_lateral", "on_output")),
]
BACKBONES: list[dict[str, object]] = [
    {"backbone": "resnet50", "backbone_blocks": "gc"},
    {"backbone": "resnet50", "backbone_blocks": "attention"},
    {"backbone": "resnext101_64x4d"},
    {"neck": "hrfpn", "backbone": "hrnet_w18"},
    {"backbone": "hrnet_w32", "neck": "hrfpn"},
    {"backbone": "densenet121"},
    {"backbone": "densenet121", "base_channels": 16, "norm": "gn"},
    {"backbone": "swin_t"},
    {"backbone": "resnet50", "backbone_style": "caffe"},
    {"backbone": "resnet50", "dcn": "v1"},
    {"backbone": "resnet50", "dcn": "v2", "dcn_stages": "c5"},
]
REGIONS: list[dict[str, object]] = [{"region_context": "pooled"}]
OPTIONS = [*LOSSES, *SAMPLING, *NECKS, *BACKBONES, *REGIONS]


def named(option: dict[str, object]) -> str:
    return "-".join(f"{key}={value}" for key, value in option.items())


@cache
def description(*option: tuple[str, object]) -> Description:
    with built(effective_config("cascade_rcnn", {**TINY_DETECTOR, **dict(option)}, DATA, seed=0)) as found:
        return found.describe()


@pytest.mark.parametrize("option", OPTIONS, ids=named)
def test_each_option_changes_what_is_built(option: dict[str, object]) -> None:
    *beside, changed = option.items()
    assert description(*beside, changed).built != description(*beside).built


@pytest.mark.parametrize("option", OPTIONS, ids=named)
def test_each_option_learns_one_batch_and_predicts(option: dict[str, object]) -> None:
    model = detector_of("cascade_rcnn", {**TINY_DETECTOR, **option})
    losses = losses_of(model)
    assert all(math.isfinite(loss) for loss in losses)
    assert min(losses[-3:]) < losses[0]
    boxes, scores = predicted(model)
    assert len(boxes) == len(scores) > 0
    assert scores.shape[1] == len(DATA.category_ids) + 1
    assert scores.min() >= 0 and scores.max() <= 1


def test_the_rules_weights_have_a_mean_of_one() -> None:
    config = effective_config("cascade_rcnn", {**TINY_DETECTOR, "class_weights": "rule"}, DATA, seed=0)
    assert config["model"]["roi_head"]["bbox_head"][0]["loss_cls"]["class_weight"] == [1.5, 0.5, 1.0]
