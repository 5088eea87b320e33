"""Heads that classify every place of every level: how deep and wide their towers are, and what teaches them."""

from collections.abc import Mapping

from trainables.options import anchors, neck
from trainables.options.losses import CLASS_WEIGHTS
from trainables.parameters import number, whole, with_defaults

# Dense detectors begin at stride 8.
NECK = with_defaults(neck.PARAMETERS, fpn_start_level=1)

TOWERS = (
    whole("tower_convs", 4, (1, 8), "convolutions of the head before its outputs, for classes and for boxes"),
    whole("tower_channels", 256, (8, 1024), "channels of these convolutions"),
)

FOCAL = (
    number("focal_gamma", 2.0, (0.0, 5.0), "how much less the focal loss makes of what is classified well"),
    number("focal_alpha", 0.25, (0.01, 0.99), "weight of objects in the focal loss; the background's is 1 less it"),
    CLASS_WEIGHTS,
)

# Three sizes an octave at each place.
ANCHORS = with_defaults(anchors.PARAMETERS, anchor_scale=4.0)

ANCHORS_PER_BOX = whole(
    "anchors_per_box", 50, (1, 200), "anchors that compete for each truth box, those of largest IoU"
)

OVERLAPS = (
    number("pos_iou", 0.5, (0.01, 1.0), "a box from this IoU on is an object"),
    number("neg_iou", 0.4, (0.0, 1.0), "a box below this IoU is background; between the two it teaches nothing"),
)


def _overlap_conflict(parameters: Mapping[str, object]) -> str | None:
    positive, negative = float(str(parameters["pos_iou"])), float(str(parameters["neg_iou"]))
    return f"neg_iou ({negative}) is at most pos_iou ({positive}); lower it" if negative > positive else None


CONFLICTS = (_overlap_conflict,)
