"""Heads on regions: parameters -> configuration of their features, of one head, and of what it learns from."""

from collections.abc import Mapping

from trainables.detectors.assigning import assigner, region_sampler
from trainables.detectors.backbones import Config
from trainables.detectors.losses import box_loss, class_loss, class_weights
from trainables.detectors.pyramid import level_strides
from trainables.notation import NONE

Params = Mapping[str, object]

# The box head's own threshold and NMS never run in a trial: raw detections are taken before them. The values are
# mmdet's, so that the written configuration can be used with mmdet alone.
REGION_TEST: Config = {"score_thr": 0.05, "nms": {"type": "nms", "iou_threshold": 0.5}, "max_per_img": 100}


def roi_extractor(params: Params) -> Config:
    """How a region is cut out of the pyramid."""
    # RoIs are pooled from the four finest pyramid levels, whatever the pyramid's height (mmdet's stock choice).
    context = "trainables.modules.region_context.ContextRoIExtractor"
    return {
        "type": "SingleRoIExtractor" if params["region_context"] == NONE else context,
        "roi_layer": {"type": "RoIAlign", "output_size": 7, "sampling_ratio": params["roi_sampling_ratio"]},
        "out_channels": params["neck_channels"],
        "featmap_strides": level_strides(params)[:4],
    }


def box_head(params: Params, class_count: int, stds: list[float]) -> Config:
    """One head, of two fully connected layers.

    Args:
        params: of the catalogue.
        class_count: scored classes of the data set.
        stds: by which its four regression targets are divided.
    """
    return {
        "type": "Shared2FCBBoxHead",
        "in_channels": params["neck_channels"],
        "fc_out_channels": params["head_channels"],
        "roi_feat_size": 7,
        "num_classes": class_count,
        "bbox_coder": box_coder(stds),
        "reg_class_agnostic": True,
        "loss_cls": class_loss(str(params["head_class_loss"]), class_weights(params, class_count)),
        **box_loss(str(params["head_box_loss"]), beta=1.0),
    }


def box_coder(stds: list[float]) -> Config:
    """How a box is written relative to another."""
    return {"type": "DeltaXYWHBBoxCoder", "target_means": [0.0, 0.0, 0.0, 0.0], "target_stds": stds}


def stage_training(params: Params, iou: float) -> Config:
    """What the only head learns from: regions that overlap a truth box by `iou` are its objects."""
    return region_training(params, iou, iou, str(params["head_samplers"]))


def region_training(params: Params, positive: float, negative: float, sampler: str) -> Config:
    """What a head learns from.

    Args:
        params: of the catalogue.
        positive: IoU with a truth box from which a region is one of its objects.
        negative: IoU below which it is background.
        sampler: random, ohem or iou_balanced.
    """
    lowest = params["head_min_pos_iou"]
    return {
        "assigner": assigner(positive, negative, lowest or positive, match_low_quality=bool(lowest)),
        "sampler": region_sampler(sampler, params["rois"]),
        "pos_weight": -1,
        "debug": False,
    }
