"""Which boxes teach a head: assigners and samplers. Values -> configuration."""

from collections.abc import Callable, Mapping

from trainables.detectors.backbones import Config


def assigner(positive: object, negative: object, lowest: object, *, match_low_quality: bool) -> Config:
    """By the largest IoU with a truth box.

    Args:
        positive: from this IoU on.
        negative: below this one.
        lowest: IoU from which the best box of a truth box that has no positive one becomes positive.
        match_low_quality: whether it does.
    """
    return {
        "type": "MaxIoUAssigner",
        "pos_iou_thr": positive,
        "neg_iou_thr": negative,
        "min_pos_iou": lowest,
        "match_low_quality": match_low_quality,
        "ignore_iof_thr": -1,
    }


def sampler(count: object, positives: float, *, add_truth: bool) -> Config:
    """So many boxes of each image, at random, `positives` of them positive at most."""
    return {"type": "RandomSampler", **_shares(count, positives, add_truth)}


def region_sampler(word: str, count: object) -> Config:
    """So many regions of each image and its truth boxes, a quarter of them positive at most.

    Args:
        word: random, ohem or iou_balanced.
        count: of the regions.

    Source: mmdet/configs/_base_/models/cascade-rcnn_r50_fpn.py; Shrivastava et al., Training Region-based Object
    Detectors with Online Hard Example Mining (CVPR 2016); Pang et al., Libra R-CNN (CVPR 2019) and
    mmdet/configs/libra_rcnn.
    """
    return _REGION_SAMPLERS[word](_shares(count, 0.25, True))


def _shares(count: object, positives: float, add_truth: bool) -> Config:
    return {"num": count, "pos_fraction": positives, "neg_pos_ub": -1, "add_gt_as_proposals": add_truth}


def _iou_balanced(shares: Config) -> Config:
    negatives = {"type": "IoUBalancedNegSampler", "floor_thr": -1, "floor_fraction": 0, "num_bins": 3}
    positives = {"type": "InstanceBalancedPosSampler"}
    return {"type": "CombinedSampler", **shares, "pos_sampler": positives, "neg_sampler": negatives}


_REGION_SAMPLERS: Mapping[str, Callable[[Config], Config]] = {
    "random": lambda shares: {"type": "RandomSampler", **shares},
    "ohem": lambda shares: {"type": "OHEMSampler", **shares},
    "iou_balanced": _iou_balanced,
}
