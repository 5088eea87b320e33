"""RetinaNet and FreeAnchor: parameters -> mmdet model configuration.

Sources: Lin et al., Focal loss for dense object detection (ICCV 2017), mmdet/configs/_base_/models/; Zhang et al.,
FreeAnchor (NeurIPS 2019), mmdet/configs/free_anchor/. With the catalogue's default parameters the heads are those of
mmdet's R50 FPN files. FreeAnchor chooses among a truth box's anchors as it learns, so it has no thresholds for them.
"""

from collections.abc import Mapping

from trainables.detectors.backbones import Config, backbone_config
from trainables.detectors.dense import DENSE_TEST, dense_class_loss, dense_neck, octave_anchors, overlap_training
from trainables.detectors.iou_branch import with_iou_branch
from trainables.detectors.losses import dense_box_loss
from trainables.detectors.pyramid import level_strides, preprocessor
from trainables.detectors.regions import box_coder

Params = Mapping[str, object]


def retinanet_config(params: Params, class_count: int) -> Config:
    """RetinaNet's configuration.

    Args:
        params: the train-tier parameters of the catalogue's `retinanet`, all of them.
        class_count: scored classes of the data set.
    """
    own: Config = {
        "type": "RetinaHead",
        "bbox_coder": box_coder([1.0, 1.0, 1.0, 1.0]),
        "loss_cls": dense_class_loss(params, class_count),
        **dense_box_loss(str(params["box_loss"])),
    }
    training = {**overlap_training(params), "sampler": {"type": "PseudoSampler"}}
    return {**_model(params, {**_head(params, class_count), **own}), "train_cfg": training}


def freeanchor_config(params: Params, class_count: int) -> Config:
    """FreeAnchor's configuration.

    Args:
        params: the train-tier parameters of the catalogue's `freeanchor`, all of them.
        class_count: scored classes of the data set.
    """
    own: Config = {
        "type": "FreeAnchorRetinaHead",
        "bbox_coder": box_coder([0.1, 0.1, 0.2, 0.2]),
        "loss_bbox": {"type": "SmoothL1Loss", "beta": 0.11, "loss_weight": 0.75},
        "pre_anchor_topk": params["anchors_per_box"],
    }
    return _model(params, {**_head(params, class_count), **own})


def _model(params: Params, head: Config) -> Config:
    return {
        "type": "RetinaNet",
        "data_preprocessor": preprocessor(params),
        "backbone": backbone_config(params),
        "neck": dense_neck(params, "on_input"),
        "bbox_head": with_iou_branch(head, params),
        "test_cfg": DENSE_TEST,
    }


def _head(params: Params, class_count: int) -> Config:
    return {
        "num_classes": class_count,
        "in_channels": params["neck_channels"],
        "stacked_convs": params["tower_convs"],
        "feat_channels": params["tower_channels"],
        "anchor_generator": octave_anchors(params, level_strides(params)),
    }
