"""Two-stage configurations that ship with mmdet, as this project makes detectors of them."""

import pytest

from trainables.catalogue import DETECTORS
from trainables.detectors.configured import conflict, model_config
from trainables.training import build_model

THAWED = {"model.backbone.frozen_stages": -1, "model.backbone.norm_eval": False}
FILES = {
    "faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py": THAWED,
    "faster_rcnn/faster-rcnn_r50_fpn_giou_1x_coco.py": THAWED,
    "cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco.py": THAWED,
    "libra_rcnn/libra-faster-rcnn_r50_fpn_1x_coco.py": THAWED,
    "double_heads/dh-faster-rcnn_r50_fpn_1x_coco.py": THAWED,
    "dynamic_rcnn/dynamic-rcnn_r50_fpn_1x_coco.py": THAWED,
    "guided_anchoring/ga-faster-rcnn_r50_fpn_1x_coco.py": THAWED,
    "hrnet/faster-rcnn_hrnetv2p-w18-1x_coco.py": {},
    "dcn/faster-rcnn_r50-dconv-c3-c5_fpn_1x_coco.py": THAWED,
    "gn+ws/faster-rcnn_r50_fpn_gn-ws-all_1x_coco.py": THAWED,
    "pafpn/faster-rcnn_r50_pafpn_1x_coco.py": THAWED,
    "res2net/cascade-rcnn_res2net-101_fpn_20e_coco.py": THAWED,
    "regnet/faster-rcnn_regnetx-3.2GF_fpn_1x_coco.py": THAWED,
    "groie/faste-rcnn_r50_fpn_groie_1x_coco.py": THAWED,
    "faster_rcnn/faster-rcnn_r50_fpn_fcos-rpn_1x_coco.py": THAWED,
}


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_it_is_built_from_plain_lists_and_counts_our_classes(file: str) -> None:
    defaults = {name: parameter.default for name, parameter in DETECTORS["config"].train.items()}
    params = {**defaults, "config": f"mmdet::{file}", **FILES[file]}
    assert conflict(params) is None
    model = build_model({"model": model_config(params, class_count=7)})
    heads = model.roi_head.bbox_head
    assert {head.num_classes for head in (heads if hasattr(heads, "__len__") else [heads])} == {7}
