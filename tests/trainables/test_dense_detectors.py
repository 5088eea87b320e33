"""Configurations of other detectors: mmdet's stock ones by default, and parameters that show in them."""

from pathlib import Path

import mmdet
import pytest
from mmengine.config import Config

from trainables.catalogue import DETECTORS
from trainables.detectors.fcos import regress_ranges
from trainables.effective import MODEL_CONFIGS

SHIPPED = Path(mmdet.__path__[0]) / ".mim" / "configs"


def config(detector: str, **changes: object) -> Config:
    defaults = {name: parameter.default for name, parameter in DETECTORS[detector].train.items()}
    return Config(MODEL_CONFIGS[detector]({**defaults, **changes}, 80))


def stock(file: str) -> Config:
    return Config.fromfile(SHIPPED / file).model


def test_faster_rcnn_is_stock_but_for_the_proposals_of_training() -> None:
    ours, mmdets = config("faster_rcnn"), stock("_base_/models/faster-rcnn_r50_fpn.py")
    assert (ours.rpn_head, ours.roi_head, ours.test_cfg) == (mmdets.rpn_head, mmdets.roi_head, mmdets.test_cfg)
    assert (ours.train_cfg.rpn, ours.train_cfg.rcnn) == (mmdets.train_cfg.rpn, mmdets.train_cfg.rcnn)
    assert config("faster_rcnn", region_iou=0.4).train_cfg.rcnn.assigner.pos_iou_thr == 0.4


@pytest.mark.parametrize(
    ("detector", "file"),
    [
        ("retinanet", "_base_/models/retinanet_r50_fpn.py"),
        ("freeanchor", "free_anchor/freeanchor_r50_fpn_1x_coco.py"),
        ("reppoints", "reppoints/reppoints-moment_r50_fpn-gn_head-gn_1x_coco.py"),
    ],
)
def test_detectors_of_anchors_and_points_are_stock(detector: str, file: str) -> None:
    ours, mmdets = config(detector), stock(file)
    known_defaults = {"pre_anchor_topk", "start_level", "add_extra_convs"}
    assert {**ours.bbox_head, "pre_anchor_topk": 50} == {**mmdets.bbox_head, "pre_anchor_topk": 50}
    assert known_defaults - {"pre_anchor_topk"} <= set(ours.neck)
    assert ours.test_cfg == mmdets.test_cfg
    if detector != "freeanchor":  # it reads none
        assert ours.train_cfg == mmdets.train_cfg


def test_fcos_is_stock() -> None:
    ours, mmdets = config("fcos"), stock("fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py")
    from mmdet.models import FCOSHead  # its defaults are part of the stock configuration

    head = FCOSHead(**{key: value for key, value in mmdets.bbox_head.items() if key != "type"})
    assert ours.neck == mmdets.neck
    assert {key: ours.bbox_head[key] for key in mmdets.bbox_head} == mmdets.bbox_head
    assert [tuple(one) for one in ours.bbox_head.regress_ranges] == list(head.regress_ranges)
    assert ours.bbox_head.norm_cfg.num_groups == 32


def test_rtmdet_is_stock_but_for_its_normalisation() -> None:
    text = SHIPPED.joinpath("rtmdet/rtmdet_l_8xb32-300e_coco.py")
    ours, mmdets = config("rtmdet"), Config.fromfile(text).model
    for part in ("neck", "bbox_head"):
        assert {**ours[part], "norm_cfg": 0} == {**mmdets[part], "norm_cfg": 0}
    assert {**ours.backbone, "norm_cfg": 0} == {**mmdets.backbone, "norm_cfg": 0, "init_cfg": None}
    assert (ours.test_cfg, ours.train_cfg) == (mmdets.test_cfg, mmdets.train_cfg)


def test_a_small_rtmdet_is_mmdets_tiny_one() -> None:
    ours, mmdets = (
        config("rtmdet", depth_factor=0.167, width_factor=0.375),
        stock("rtmdet/rtmdet_tiny_8xb32-300e_coco.py"),
    )
    assert (ours.neck.in_channels, ours.neck.out_channels) == (mmdets.neck.in_channels, mmdets.neck.out_channels)
    assert ours.neck.num_csp_blocks == mmdets.neck.num_csp_blocks


def test_what_a_level_answers_for_follows_its_stride() -> None:
    assert regress_ranges([4, 8, 16]) == [(-1.0, 32.0), (32.0, 64.0), (64.0, 1e8)]
