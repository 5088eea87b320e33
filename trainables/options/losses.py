"""What the heads of a two-stage detector minimise."""

from trainables.notation import RULE
from trainables.parameters import choice, number, or_word, vector

BOX_LOSSES = ("smooth_l1", "l1", "balanced_l1", "iou", "giou", "diou", "ciou")
_CLASS_LOSSES = ("cross_entropy", "focal")
_BOXES = "loss of boxes: of their four offsets (the words in l1) or of the overlap of the decoded box"

PROPOSALS = (
    choice("rpn_box_loss", "smooth_l1", BOX_LOSSES, f"region proposals' {_BOXES}"),
    choice("rpn_class_loss", "cross_entropy", _CLASS_LOSSES, "region proposals' loss of object against background"),
)

HEADS = (
    choice("head_box_loss", "smooth_l1", BOX_LOSSES, f"heads' {_BOXES}"),
    choice(
        "head_class_loss",
        "cross_entropy",
        _CLASS_LOSSES,
        "heads' loss of classes: softmax with a background, or a focal sigmoid for each class",
    ),
    vector(
        or_word(
            number("class_weights", 1.0, (0.0, 100.0), "weight of each class in the heads' loss; rule: the score's"),
            RULE,
        )
    ),
)
