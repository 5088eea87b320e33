"""Cascade R-CNN: parameters -> mmdet model configuration.

Source: Cai and Vasconcelos, Cascade R-CNN (CVPR 2018); mmdet/configs/_base_/models/cascade-rcnn_r50_fpn.py. With the
catalogue's default parameters the result is that file's model.
"""

from collections.abc import Mapping

from trainables.detectors.backbones import Config, level_channels, residual_backbone
from trainables.notation import parse_numbers

Params = Mapping[str, object]

# Each stage refines the boxes of the one before, so its regression targets are narrower.
_STAGE_STDS = ([0.1, 0.1, 0.2, 0.2], [0.05, 0.05, 0.1, 0.1], [0.033, 0.033, 0.067, 0.067], [0.025, 0.025, 0.05, 0.05])
_C2_STRIDE = 4
_STAGE_LOSS_WEIGHTS = (1.0, 0.5, 0.25, 0.125)


def model_config(params: Params, class_count: int) -> Config:
    """The detector's configuration.

    Args:
        params: the train-tier parameters of the catalogue's `cascade_rcnn`, all of them.
        class_count: scored classes of the data set.
    """
    return {
        "type": "CascadeRCNN",
        "data_preprocessor": _preprocessor(),
        "backbone": residual_backbone(params),
        "neck": _neck(params),
        "rpn_head": _rpn_head(params),
        "roi_head": _roi_head(params, class_count),
        "train_cfg": _train_config(params),
        "test_cfg": _test_config(params),
    }


def _preprocessor() -> Config:
    return {
        "type": "DetDataPreprocessor",
        "mean": [123.675, 116.28, 103.53],
        "std": [58.395, 57.12, 57.375],
        "bgr_to_rgb": True,
        "pad_size_divisor": 32,
    }


def level_strides(params: Params) -> list[int]:
    """Pixels between neighbouring cells of each pyramid level; they follow from where the pyramid starts."""
    first, count = int(str(params["fpn_start_level"])), int(str(params["fpn_outputs"]))
    return [_C2_STRIDE << level for level in range(first, first + count)]


def _neck(params: Params) -> Config:
    return {
        "type": "FPN",
        "in_channels": level_channels(params),
        "out_channels": params["neck_channels"],
        "start_level": params["fpn_start_level"],
        "num_outs": params["fpn_outputs"],
    }


def _rpn_head(params: Params) -> Config:
    return {
        "type": "RPNHead",
        "in_channels": params["neck_channels"],
        "feat_channels": params["neck_channels"],
        "anchor_generator": {
            "type": "AnchorGenerator",
            "scales": [params["anchor_scale"]],
            "ratios": list(parse_numbers(str(params["anchor_ratios"]))),
            "strides": level_strides(params),
        },
        "bbox_coder": _box_coder([1.0, 1.0, 1.0, 1.0]),
        "loss_cls": {"type": "CrossEntropyLoss", "use_sigmoid": True, "loss_weight": 1.0},
        "loss_bbox": {"type": "SmoothL1Loss", "beta": 1.0 / 9.0, "loss_weight": 1.0},
    }


def _roi_head(params: Params, class_count: int) -> Config:
    stages = len(parse_numbers(str(params["stage_ious"])))
    return {
        "type": "CascadeRoIHead",
        "num_stages": stages,
        "stage_loss_weights": list(_STAGE_LOSS_WEIGHTS[:stages]),
        "bbox_roi_extractor": _roi_extractor(params),
        "bbox_head": [_box_head(params, class_count, _STAGE_STDS[stage]) for stage in range(stages)],
    }


def _roi_extractor(params: Params) -> Config:
    # RoIs are pooled from the four finest pyramid levels, whatever the pyramid's height (mmdet's stock choice).
    return {
        "type": "SingleRoIExtractor",
        "roi_layer": {"type": "RoIAlign", "output_size": 7, "sampling_ratio": params["roi_sampling_ratio"]},
        "out_channels": params["neck_channels"],
        "featmap_strides": level_strides(params)[:4],
    }


def _box_head(params: Params, class_count: int, stds: list[float]) -> Config:
    return {
        "type": "Shared2FCBBoxHead",
        "in_channels": params["neck_channels"],
        "fc_out_channels": params["head_channels"],
        "roi_feat_size": 7,
        "num_classes": class_count,
        "bbox_coder": _box_coder(stds),
        "reg_class_agnostic": True,
        "loss_cls": _class_loss(params, class_count),
        "loss_bbox": {"type": "SmoothL1Loss", "beta": 1.0, "loss_weight": 1.0},
    }


def _class_loss(params: Params, class_count: int) -> Config:
    given = params["class_weights"]
    weights = given if isinstance(given, list) else [given] * class_count
    loss: Config = {"type": "CrossEntropyLoss", "use_sigmoid": False, "loss_weight": 1.0}
    # mmdet's background is the last label. Equal weights of 1 are stock's, which has none.
    return loss if all(weight == 1 for weight in weights) else {**loss, "class_weight": [*weights, 1.0]}


def _box_coder(stds: list[float]) -> Config:
    return {"type": "DeltaXYWHBBoxCoder", "target_means": [0.0, 0.0, 0.0, 0.0], "target_stds": stds}


def _train_config(params: Params) -> Config:
    return {
        "rpn": _rpn_training(params),
        "rpn_proposal": _proposals(params),
        "rcnn": [_stage_training(params, iou) for iou in parse_numbers(str(params["stage_ious"]))],
    }


def _rpn_training(params: Params) -> Config:
    negative = params["rpn_neg_iou"]
    return {
        "assigner": _assigner(params["rpn_pos_iou"], negative, negative, match_low_quality=True),
        "sampler": _sampler(256, 0.5, add_truth=False),
        "allowed_border": 0,
        "pos_weight": -1,
        "debug": False,
    }


def _stage_training(params: Params, iou: float) -> Config:
    return {
        "assigner": _assigner(iou, iou, iou, match_low_quality=False),
        "sampler": _sampler(params["rois"], 0.25, add_truth=True),
        "pos_weight": -1,
        "debug": False,
    }


def _assigner(positive: object, negative: object, lowest: object, *, match_low_quality: bool) -> Config:
    return {
        "type": "MaxIoUAssigner",
        "pos_iou_thr": positive,
        "neg_iou_thr": negative,
        "min_pos_iou": lowest,
        "match_low_quality": match_low_quality,
        "ignore_iof_thr": -1,
    }


def _sampler(count: object, positives: float, *, add_truth: bool) -> Config:
    return {
        "type": "RandomSampler",
        "num": count,
        "pos_fraction": positives,
        "neg_pos_ub": -1,
        "add_gt_as_proposals": add_truth,
    }


def _proposals(params: Params) -> Config:
    count = params["rpn_proposals"]
    return {"nms_pre": count, "max_per_img": count, "nms": {"type": "nms", "iou_threshold": 0.7}, "min_bbox_size": 0}


def _test_config(params: Params) -> Config:
    # The box head's own threshold and NMS never run in a trial: raw detections are taken before them. The values are
    # mmdet's, so that the written configuration can be used with mmdet alone.
    return {
        "rpn": _proposals(params),
        "rcnn": {"score_thr": 0.05, "nms": {"type": "nms", "iou_threshold": 0.5}, "max_per_img": 100},
    }
