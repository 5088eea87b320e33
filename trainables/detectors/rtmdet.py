"""RTMDet: parameters -> mmdet model configuration.

Source: Lyu et al., RTMDet (2022); mmdet/configs/rtmdet/rtmdet_l_8xb32-300e_coco.py. With the catalogue's default
parameters the result is that file's model, but that BatchNorm is normal (SyncBN wants several processes) and images are
padded to whole cells of the coarsest level, since no pipeline here pads them to a square.
"""

from collections.abc import Mapping

from trainables.detectors.backbones import Config

Params = Mapping[str, object]

_NORM: Config = {"type": "BN"}
_ACTIVATION: Config = {"type": "SiLU", "inplace": True}
# Channels of strides 8, 16 and 32, and of the pyramid, at width 1.
_LEVELS = (256, 512, 1024)
_PYRAMID = 256
_BLOCKS = 3
_TEST: Config = {
    "nms_pre": 30000,
    "min_bbox_size": 0,
    "score_thr": 0.001,
    "nms": {"type": "nms", "iou_threshold": 0.65},
    "max_per_img": 300,
}


def model_config(params: Params, class_count: int) -> Config:
    """The detector's configuration.

    Args:
        params: the train-tier parameters of the catalogue's `rtmdet`, all of them.
        class_count: scored classes of the data set.
    """
    return {
        "type": "RTMDet",
        "data_preprocessor": _preprocessor(),
        "backbone": _backbone(params),
        "neck": _neck(params),
        "bbox_head": _head(params, class_count),
        "train_cfg": {
            "assigner": {"type": "DynamicSoftLabelAssigner", "topk": params["assigned_places"]},
            "allowed_border": -1,
            "pos_weight": -1,
            "debug": False,
        },
        "test_cfg": _TEST,
    }


def _preprocessor() -> Config:
    # Channels stay as OpenCV reads them: RTMDet's weights are trained so.
    return {
        "type": "DetDataPreprocessor",
        "mean": [103.53, 116.28, 123.675],
        "std": [57.375, 57.12, 58.395],
        "bgr_to_rgb": False,
        "pad_size_divisor": 32,
    }


def _wide(channels: int, params: Params) -> int:
    return int(channels * float(str(params["width_factor"])))


def _backbone(params: Params) -> Config:
    return {
        "type": "CSPNeXt",
        "arch": "P5",
        "expand_ratio": 0.5,
        "deepen_factor": params["depth_factor"],
        "widen_factor": params["width_factor"],
        "channel_attention": True,
        "norm_cfg": dict(_NORM),
        "act_cfg": dict(_ACTIVATION),
        "init_cfg": None,
    }


def _neck(params: Params) -> Config:
    return {
        "type": "CSPNeXtPAFPN",
        "in_channels": [_wide(channels, params) for channels in _LEVELS],
        "out_channels": _wide(_PYRAMID, params),
        "num_csp_blocks": max(round(_BLOCKS * float(str(params["depth_factor"]))), 1),
        "expand_ratio": 0.5,
        "norm_cfg": dict(_NORM),
        "act_cfg": dict(_ACTIVATION),
    }


def _head(params: Params, class_count: int) -> Config:
    channels = _wide(_PYRAMID, params)
    return {
        "type": "RTMDetSepBNHead",
        "num_classes": class_count,
        "in_channels": channels,
        "stacked_convs": params["tower_convs"],
        "feat_channels": channels,
        "anchor_generator": {"type": "MlvlPointGenerator", "offset": 0, "strides": [8, 16, 32]},
        "bbox_coder": {"type": "DistancePointBBoxCoder"},
        "loss_cls": {"type": "QualityFocalLoss", "use_sigmoid": True, "beta": 2.0, "loss_weight": 1.0},
        "loss_bbox": {"type": "GIoULoss", "loss_weight": 2.0},
        "with_objectness": False,
        "exp_on_reg": True,
        "share_conv": True,
        "pred_kernel_size": 1,
        "norm_cfg": dict(_NORM),
        "act_cfg": dict(_ACTIVATION),
    }
