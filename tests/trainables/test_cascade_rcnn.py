"""Cascade R-CNN's configuration: stock by default, and every parameter shows in it."""

import mmdet
import pytest
from mmengine.config import Config

from trainables.catalogue import DETECTORS
from trainables.detectors.cascade_rcnn import model_config
from trainables.detectors.pyramid import level_strides

DEFAULTS = {name: parameter.default for name, parameter in DETECTORS["cascade_rcnn"].train.items()}


def config(**changes: object) -> dict[str, object]:
    return model_config({**DEFAULTS, **changes}, class_count=10)


def test_default_parameters_give_mmdets_stock_heads() -> None:
    folder = mmdet.__path__[0]
    stock = Config.fromfile(f"{folder}/.mim/configs/_base_/models/cascade-rcnn_r50_fpn.py").model
    ours = Config(model_config(DEFAULTS, class_count=80))
    assert ours.rpn_head == stock.rpn_head
    assert ours.roi_head == stock.roi_head
    assert ours.train_cfg.rcnn == stock.train_cfg.rcnn


def test_strides_follow_the_pyramid() -> None:
    assert level_strides(DEFAULTS) == [4, 8, 16, 32, 64]
    assert level_strides({**DEFAULTS, "fpn_start_level": 1, "fpn_outputs": 6}) == [8, 16, 32, 64, 128, 256]


@pytest.mark.parametrize("ious", ["0.5,0.6,0.7", "0.4,0.5,0.6,0.7"])
def test_each_stage_has_a_head_and_a_threshold(ious: str) -> None:
    built = Config(config(stage_ious=ious))
    stages = [float(one) for one in ious.split(",")]
    assert len(built.roi_head.bbox_head) == built.roi_head.num_stages == len(stages)
    assert [stage.assigner.pos_iou_thr for stage in built.train_cfg.rcnn] == stages


def test_every_backbone_states_the_channels_it_puts_out() -> None:
    for name, channels in {"resnet18": 512, "resnet50": 2048, "resnext101_32x4d": 2048}.items():
        assert Config(config(backbone=name)).neck.in_channels[-1] == channels


def test_deformable_convolutions_are_switched_on() -> None:
    assert "dcn" not in Config(config(dcn="none")).backbone
    assert Config(config(dcn="v2")).backbone.dcn.type == "DCNv2"


def test_nothing_is_downloaded() -> None:
    assert Config(config()).backbone.init_cfg is None


def test_class_weights_reach_every_head_and_the_background_keeps_its_own() -> None:
    built = Config(model_config({**DEFAULTS, "class_weights": [0.5, 2.0]}, class_count=2))
    assert [head.loss_cls.class_weight for head in built.roi_head.bbox_head] == [[0.5, 2.0, 1.0]] * 3
