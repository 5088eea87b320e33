"""FCOS: parameters -> mmdet model configuration.

Source: Tian et al., FCOS (ICCV 2019); mmdet/configs/fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py. With the catalogue's
default parameters the result is that file's head and neck; `backbone_style: caffe` makes the backbone its, too.
"""

from collections.abc import Mapping

from trainables.detectors.backbones import Config, backbone_config
from trainables.detectors.dense import DENSE_TEST, dense_class_loss, dense_neck, tower_norm
from trainables.detectors.iou_branch import with_iou_branch
from trainables.detectors.losses import overlap_loss
from trainables.detectors.pyramid import level_strides, preprocessor

Params = Mapping[str, object]

# A level of stride s answers for boxes whose far side is up to 8 s away; mmdet's number for "any distance" is 1e8.
_REACH = 8
_ANY = 1e8


def model_config(params: Params, class_count: int) -> Config:
    """The detector's configuration.

    Args:
        params: the train-tier parameters of the catalogue's `fcos`, all of them.
        class_count: scored classes of the data set.
    """
    return {
        "type": "FCOS",
        "data_preprocessor": preprocessor(params),
        "backbone": backbone_config(params),
        "neck": {**dense_neck(params, "on_output"), "relu_before_extra_convs": True},
        "bbox_head": with_iou_branch(fcos_head(params, class_count), params),
        "test_cfg": DENSE_TEST,
    }


def fcos_head(params: Params, class_count: int) -> Config:
    """The head."""
    strides = level_strides(params)
    return {
        "type": "FCOSHead",
        "num_classes": class_count,
        "in_channels": params["neck_channels"],
        "stacked_convs": params["tower_convs"],
        "feat_channels": params["tower_channels"],
        "strides": strides,
        "regress_ranges": regress_ranges(strides),
        "norm_cfg": tower_norm(params),
        "loss_cls": dense_class_loss(params, class_count),
        "loss_bbox": overlap_loss(str(params["box_loss"]), weight=1.0),
        "loss_centerness": {"type": "CrossEntropyLoss", "use_sigmoid": True, "loss_weight": 1.0},
    }


def regress_ranges(strides: list[int]) -> list[tuple[float, float]]:
    """Shortest and longest distance (pixels) to a box's sides that each level answers for."""
    reaches = [float(_REACH * stride) for stride in strides[:-1]]
    return list(zip([-1.0, *reaches], [*reaches, _ANY], strict=True))
