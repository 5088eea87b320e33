"""FCOSTD: parameters -> model configuration, FCOS's but for the head.

Source: the competition log; see `trainables.modules.fcostd_head`.
"""

from collections.abc import Mapping

from trainables.detectors import fcos
from trainables.detectors.backbones import Config
from trainables.detectors.dense import focal_loss
from trainables.detectors.iou_branch import with_iou_branch

Params = Mapping[str, object]


def model_config(params: Params, class_count: int) -> Config:
    """The detector's configuration.

    Args:
        params: the train-tier parameters of the catalogue's `fcostd`, all of them.
        class_count: scored classes of the data set.
    """
    own: Config = {
        "type": "trainables.modules.fcostd_head.FCOSTDHead",
        "loss_objectness": _objectness_loss(params),
        "loss_auxiliary": {"type": "IoULoss", "loss_weight": 1.0},
        "init_cfg": _init(),
    }
    head = {**fcos.fcos_head(params, class_count), **own}
    return {**fcos.model_config(params, class_count), "bbox_head": with_iou_branch(head, params)}


def _objectness_loss(params: Params) -> Config:
    if params["objectness_loss"] == "focal":
        return focal_loss(params)
    return {"type": "CrossEntropyLoss", "use_sigmoid": True, "loss_weight": 1.0}


def _init() -> Config:
    """As FCOS begins: small weights, and one place in a hundred an object; the same for objectness."""
    rare = [
        {"type": "Normal", "name": name, "std": 0.01, "bias_prob": 0.01} for name in ("conv_cls", "conv_objectness")
    ]
    return {"type": "Normal", "layer": "Conv2d", "std": 0.01, "override": rare}
