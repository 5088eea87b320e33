"""RepPoints: parameters -> mmdet model configuration.

Source: Yang et al., RepPoints (ICCV 2019); mmdet/configs/reppoints/reppoints-moment_r50_fpn-gn_head-gn_1x_coco.py. With
the catalogue's default parameters the result is that file's head.
"""

from collections.abc import Mapping

from trainables.detectors.backbones import Config, backbone_config
from trainables.detectors.dense import DENSE_TEST, dense_class_loss, dense_neck, overlap_training, tower_norm
from trainables.detectors.pyramid import level_strides, preprocessor

Params = Mapping[str, object]


def model_config(params: Params, class_count: int) -> Config:
    """The detector's configuration.

    Args:
        params: the train-tier parameters of the catalogue's `reppoints`, all of them.
        class_count: scored classes of the data set.
    """
    return {
        "type": "RepPointsDetector",
        "data_preprocessor": preprocessor(params),
        "backbone": backbone_config(params),
        "neck": dense_neck(params, "on_input"),
        "bbox_head": _head(params, class_count),
        "train_cfg": {"init": _first_boxes(params), "refine": overlap_training(params)},
        "test_cfg": DENSE_TEST,
    }


def _head(params: Params, class_count: int) -> Config:
    return {
        "type": "RepPointsHead",
        "num_classes": class_count,
        "in_channels": params["neck_channels"],
        "feat_channels": params["tower_channels"],
        "point_feat_channels": params["tower_channels"],
        "stacked_convs": params["tower_convs"],
        "num_points": params["points"],
        "gradient_mul": 0.1,
        "point_strides": level_strides(params),
        "point_base_scale": params["point_base_scale"],
        "norm_cfg": tower_norm(params),
        "loss_cls": dense_class_loss(params, class_count),
        "loss_bbox_init": {"type": "SmoothL1Loss", "beta": 0.11, "loss_weight": 0.5},
        "loss_bbox_refine": {"type": "SmoothL1Loss", "beta": 0.11, "loss_weight": 1.0},
        "transform_method": "moment",
    }


def _first_boxes(params: Params) -> Config:
    """The first set of points learns from the place nearest to each truth box's centre."""
    return {
        "assigner": {"type": "PointAssigner", "scale": params["point_base_scale"], "pos_num": 1},
        "allowed_border": -1,
        "pos_weight": -1,
        "debug": False,
    }
