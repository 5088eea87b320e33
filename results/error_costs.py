"""What kinds of error a detection set makes, and how much AP each kind costs, from the library hotcoco.

The kinds are TIDE's: right place and wrong class, right class and poor place, both, a duplicate, background, and truth
boxes that nothing found. Counted at one fixed IoU: a rule with an IoU per box has no such decomposition.
Source: Bolya et al., TIDE, ECCV 2020.
"""

from dataclasses import dataclass

from results.boxes import Detections, Truth
from results.coco_table import coco_evaluation
from results.errors import InputError

KINDS = {
    "Cls": "classification",
    "Loc": "localisation",
    "Both": "both",
    "Dupe": "duplicate",
    "Bkg": "background",
    "Miss": "missed",
}
BACKGROUND_IOU = 0.1


@dataclass(frozen=True)
class ErrorKind:
    """How often an error occurs, and how much the mean AP rises when it is mended everywhere."""

    count: int
    ap_cost: float


def error_kinds(truth: Truth, detections: Detections, iou: float = 0.5) -> dict[str, ErrorKind]:
    """Errors by kind, at most 100 detections an image and class; nothing for a truth without boxes.

    Raises:
        InputError: the IoU is not above that of background (0.1) and at most 1.
    """
    if not BACKGROUND_IOU < iou <= 1:
        raise InputError(f"--iou is above {BACKGROUND_IOU} and at most 1", iou, "use 0.5")
    if len(truth) == 0:
        return {}
    evaluation = coco_evaluation(truth, detections, ious=(iou,))
    evaluation.evaluate()
    found = evaluation.tide_errors(pos_thr=iou, bg_thr=BACKGROUND_IOU)
    return {name: ErrorKind(int(found["counts"][key]), float(found["delta_ap"][key])) for key, name in KINDS.items()}
