"""A configuration file as small as it gets; tests import it by its bare name."""

from pathlib import Path

TINY_CONFIG = """
_base_ = ["mmdet::_base_/models/faster-rcnn_r50_fpn.py"]
model = dict(
    backbone=dict(
        depth=18, base_channels=8, stem_channels=8, frozen_stages=-1, norm_eval=False,
        init_cfg=dict(type="Pretrained", checkpoint="torchvision://resnet18"),
    ),
    neck=dict(in_channels=[8, 16, 32, 64], out_channels=16),
    rpn_head=dict(in_channels=16, feat_channels=16),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=16),
        bbox_head=dict(in_channels=16, fc_out_channels=32, num_classes=80),
    ),
    train_cfg=dict(rcnn=dict(sampler=dict(num=16)), rpn_proposal=dict(nms_pre=50, max_per_img=50)),
    test_cfg=dict(rpn=dict(nms_pre=50, max_per_img=50)),
)
optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="AdamW", lr=0.001, betas=(0.9, 0.99)))
param_scheduler = [dict(type="LinearLR", start_factor=0.1, by_epoch=False, begin=0, end=5)]
"""


def write_tiny_config(folder: Path, more: str = "") -> Path:
    """Writes the file, with lines added to it."""
    file = folder / "tiny.py"
    file.write_text(TINY_CONFIG + more)
    return file
