"""What lies between image and heads: normalisation, and the pyramid of features. Parameters -> configuration."""

from collections.abc import Mapping

from trainables.detectors.backbones import Config, level_channels
from trainables.notation import NONE

Params = Mapping[str, object]

_C2_STRIDE = 4
_NORMALISATIONS: Mapping[str, Config] = {
    "pytorch": {"mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375], "bgr_to_rgb": True},
    # Channels as OpenCV reads them, of single grey levels.
    "caffe": {"mean": [103.53, 116.28, 123.675], "std": [1.0, 1.0, 1.0], "bgr_to_rgb": False},
}


def preprocessor(params: Params) -> Config:
    """How images are normalised and padded, as backbones of that style and their published weights expect.

    Source: mmdet/configs/_base_/models and mmdet/configs/faster_rcnn/faster-rcnn_r50-caffe_fpn_1x_coco.py.
    """
    return {
        "type": "DetDataPreprocessor",
        **_NORMALISATIONS[str(params["backbone_style"])],
        "pad_size_divisor": 32,
    }


def level_strides(params: Params) -> list[int]:
    """Pixels between neighbouring cells of each pyramid level; they follow from where the pyramid starts."""
    first, count = int(str(params["fpn_start_level"])), int(str(params["fpn_outputs"]))
    return [_C2_STRIDE << level for level in range(first, first + count)]


def neck(params: Params) -> Config:
    """The feature pyramid."""
    return {
        "type": "FPN",
        "in_channels": level_channels(params),
        "out_channels": params["neck_channels"],
        "start_level": params["fpn_start_level"],
        "num_outs": params["fpn_outputs"],
    }


def region_neck(params: Params) -> Config | list[Config]:
    """The pyramid of a detector with region proposals: one module, or several in a row.

    Args:
        params: of the catalogue, `neck` and `fpn_extra_convs` among them.

    Source: Liu et al., Path Aggregation Network (CVPR 2018), mmdet/configs/pafpn; Pang et al., Libra R-CNN (CVPR 2019),
    mmdet/configs/libra_rcnn.
    """
    kind, extra = str(params["neck"]), params["fpn_extra_convs"]
    if kind == "hrfpn":
        return _joined(params)
    pyramid = {**neck(params), "type": "PAFPN"} if kind == "pafpn" else neck(params)
    if extra != NONE:
        pyramid["add_extra_convs"] = extra
    return [pyramid, _balanced(params)] if kind == "bfp" else pyramid


def _joined(params: Params) -> Config:
    """HRNet's own neck; mmdet/configs/hrnet."""
    channels = {"in_channels": level_channels(params), "out_channels": params["neck_channels"]}
    return {"type": "HRFPN", **channels, "num_outs": params["fpn_outputs"]}


def _balanced(params: Params) -> Config:
    return {
        "type": "BFP",
        "in_channels": params["neck_channels"],
        "num_levels": params["fpn_outputs"],
        "refine_level": 2,
        "refine_type": "non_local",
    }
