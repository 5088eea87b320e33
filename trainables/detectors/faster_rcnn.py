"""Faster R-CNN: parameters -> mmdet model configuration.

Source: Ren et al., Faster R-CNN (NeurIPS 2015), on a feature pyramid (Lin et al., CVPR 2017);
mmdet/configs/_base_/models/faster-rcnn_r50_fpn.py. With the catalogue's default parameters the result is that file's
model, but that as many proposals leave the first stage in training as in prediction.
"""

from collections.abc import Mapping

from trainables.detectors.backbones import Config, backbone_config
from trainables.detectors.iou_branch import with_iou_branch
from trainables.detectors.proposals import proposals, rpn_head, rpn_training
from trainables.detectors.pyramid import preprocessor, region_neck
from trainables.detectors.regions import REGION_TEST, box_head, roi_extractor, stage_training

Params = Mapping[str, object]

_STDS = [0.1, 0.1, 0.2, 0.2]


def model_config(params: Params, class_count: int) -> Config:
    """The detector's configuration.

    Args:
        params: the train-tier parameters of the catalogue's `faster_rcnn`, all of them.
        class_count: scored classes of the data set.
    """
    # Each class has its own box, which a cascade's stages share.
    head = {**box_head(params, class_count, _STDS), "reg_class_agnostic": False}
    return {
        "type": "FasterRCNN",
        "data_preprocessor": preprocessor(params),
        "backbone": backbone_config(params),
        "neck": region_neck(params),
        "rpn_head": rpn_head(params),
        "roi_head": {
            "type": "StandardRoIHead",
            "bbox_roi_extractor": roi_extractor(params),
            "bbox_head": with_iou_branch(head, params),
        },
        "train_cfg": {
            "rpn": {**rpn_training(params), "allowed_border": -1},
            "rpn_proposal": proposals(params),
            "rcnn": stage_training(params, float(str(params["region_iou"]))),
        },
        "test_cfg": {"rpn": proposals(params), "rcnn": REGION_TEST},
    }
