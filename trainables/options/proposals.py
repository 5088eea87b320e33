"""Region proposals: which anchors teach the proposal network, and how many proposals leave it."""

from collections.abc import Mapping

from trainables.parameters import number, whole

PARAMETERS = (
    number("rpn_pos_iou", 0.7, (0.0, 1.0), "an anchor from this IoU on is positive for the RPN"),
    number("rpn_neg_iou", 0.3, (0.0, 1.0), "an anchor below this IoU is negative for the RPN"),
    number(
        "rpn_min_pos_iou",
        0.0,
        (0.0, 1.0),
        "IoU from which the best anchor of a box without a positive one is positive; 0 takes rpn_neg_iou",
    ),
    whole("rpn_proposals", 1000, (10, 4000), "proposals kept of each image, in training and prediction"),
)


def _rpn_conflict(parameters: Mapping[str, object]) -> str | None:
    positive, negative = parameters["rpn_pos_iou"], parameters["rpn_neg_iou"]
    if not isinstance(positive, int | float) or not isinstance(negative, int | float) or negative <= positive:
        return None
    return f"rpn_neg_iou ({negative}) is at most rpn_pos_iou ({positive}); lower it"


def _lowest_conflict(parameters: Mapping[str, object]) -> str | None:
    positive, lowest = parameters["rpn_pos_iou"], parameters["rpn_min_pos_iou"]
    if not isinstance(positive, int | float) or not isinstance(lowest, int | float) or lowest <= positive:
        return None
    return f"rpn_min_pos_iou ({lowest}) is at most rpn_pos_iou ({positive}); lower it"


CONFLICTS = (_rpn_conflict, _lowest_conflict)
