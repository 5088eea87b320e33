"""One more output for each box, its IoU with the truth; how much it counts in a score is the predict tier's to say."""

from trainables.parameters import number, truth, with_need

TRAIN = (truth("iou_branch", False, "predict each box's IoU with its truth, too; predict's iou_power makes it count"),)

# A in score^(1 - a) IoU^a.
POWER = with_need(
    number("iou_power", 0.0, (0.0, 1.0), "share of the predicted IoU in a score: 0 none, 1 nothing but it"),
    "iou_branch",
    True,
)
