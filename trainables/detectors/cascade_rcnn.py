"""Cascade R-CNN: parameters -> mmdet model configuration.

Source: Cai and Vasconcelos, Cascade R-CNN (CVPR 2018); mmdet/configs/_base_/models/cascade-rcnn_r50_fpn.py. With the
catalogue's default parameters the result is that file's model.
"""

from collections.abc import Mapping
from typing import TypeVar

from trainables.detectors.backbones import Config, backbone_config
from trainables.detectors.iou_branch import with_iou_branch
from trainables.detectors.proposals import proposals, rpn_head, rpn_training
from trainables.detectors.pyramid import preprocessor, region_neck
from trainables.detectors.regions import REGION_TEST, box_head, region_training, roi_extractor
from trainables.notation import parse_numbers
from trainables.options.region_heads import parse_negatives, parse_samplers

Params = Mapping[str, object]
_Entry = TypeVar("_Entry")

# Each stage refines the boxes of the one before, so its regression targets are narrower.
_STAGE_STDS = ([0.1, 0.1, 0.2, 0.2], [0.05, 0.05, 0.1, 0.1], [0.033, 0.033, 0.067, 0.067], [0.025, 0.025, 0.05, 0.05])
_STAGE_LOSS_WEIGHTS = (1.0, 0.5, 0.25, 0.125)


def model_config(params: Params, class_count: int) -> Config:
    """The detector's configuration.

    Args:
        params: the train-tier parameters of the catalogue's `cascade_rcnn`, all of them.
        class_count: scored classes of the data set.
    """
    return {
        "type": "CascadeRCNN",
        "data_preprocessor": preprocessor(params),
        "backbone": backbone_config(params),
        "neck": region_neck(params),
        "rpn_head": rpn_head(params),
        "roi_head": _roi_head(params, class_count),
        "train_cfg": _train_config(params),
        "test_cfg": {"rpn": proposals(params), "rcnn": REGION_TEST},
    }


def _roi_head(params: Params, class_count: int) -> Config:
    stages = len(parse_numbers(str(params["stage_ious"])))
    *first, last = (box_head(params, class_count, _STAGE_STDS[stage]) for stage in range(stages))
    return {
        "type": "CascadeRoIHead",
        "num_stages": stages,
        "stage_loss_weights": list(_STAGE_LOSS_WEIGHTS[:stages]),
        "bbox_roi_extractor": roi_extractor(params),
        "bbox_head": [*first, with_iou_branch(last, params)],  # the boxes that are detections are the last stage's
    }


def _train_config(params: Params) -> Config:
    return {
        "rpn": rpn_training(params),
        "rpn_proposal": proposals(params),
        "rcnn": _stage_trainings(params),
    }


def _stage_trainings(params: Params) -> list[Config]:
    positives = parse_numbers(str(params["stage_ious"]))
    negatives = _for_each(parse_negatives(str(params["stage_neg_ious"]), positives), len(positives))
    samplers = _for_each(parse_samplers(str(params["head_samplers"])), len(positives))
    stages = zip(positives, negatives, samplers, strict=True)
    return [region_training(params, *stage) for stage in stages]


def _for_each(given: tuple[_Entry, ...], stages: int) -> tuple[_Entry, ...]:
    """A list with one entry for all stages, or one for each, as the latter."""
    return given * stages if len(given) == 1 else given
