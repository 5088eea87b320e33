"""Which boxes teach a head: assigners and samplers. Values -> configuration."""

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
    return {
        "type": "RandomSampler",
        "num": count,
        "pos_fraction": positives,
        "neg_pos_ub": -1,
        "add_gt_as_proposals": add_truth,
    }
