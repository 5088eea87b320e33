"""What heads minimise: those of region proposals and of regions, and dense ones."""

from trainables.notation import RULE
from trainables.parameters import choice, number, or_word, vector

_OVERLAPS = ("iou", "giou", "diou", "ciou")
BOX_LOSSES = ("smooth_l1", "l1", "balanced_l1", *_OVERLAPS)
_CLASS_LOSSES = ("cross_entropy", "focal")
_BOXES = "loss of boxes: of their four offsets (the words in l1) or of the overlap of the decoded box"

PROPOSALS = (
    choice("rpn_box_loss", "smooth_l1", BOX_LOSSES, f"region proposals' {_BOXES}"),
    choice("rpn_class_loss", "cross_entropy", _CLASS_LOSSES, "region proposals' loss of object against background"),
)

CLASS_WEIGHTS = vector(
    or_word(
        number("class_weights", 1.0, (0.0, 100.0), "weight of each class in the heads' loss; rule: the score's"), RULE
    )
)

HEADS = (
    choice("head_box_loss", "smooth_l1", BOX_LOSSES, f"heads' {_BOXES}"),
    choice(
        "head_class_loss",
        "cross_entropy",
        _CLASS_LOSSES,
        "heads' loss of classes: softmax with a background, or a focal sigmoid for each class",
    ),
    CLASS_WEIGHTS,
)

# A dense head that predicts distances to a box's sides knows no offsets; one with anchors does.
DISTANCES = (choice("box_loss", "iou", _OVERLAPS, "loss of the overlap of the predicted box"),)
ANCHORS = (choice("box_loss", "l1", BOX_LOSSES, f"head's {_BOXES}"),)
