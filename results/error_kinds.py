"""Command: what kinds of error a detection set makes, and how much AP each kind costs, from the library hotcoco.

    python -m results.error_kinds --truth TRUTH.json --detections DETECTIONS.json [--iou 0.5] [--json]

The kinds are TIDE's: right place and wrong class, right class and poor place, both, a duplicate, background, and truth
boxes that nothing found. Counted at one fixed IoU: a rule with an IoU per box has no such decomposition.
Source: Bolya et al., TIDE, ECCV 2020.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from results.boxes import Detections, Truth, detections_from_coco, truth_from_coco
from results.coco_table import coco_evaluation
from results.commands import run_command
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


def main(arguments: Sequence[str]) -> int:
    """Prints one line a kind; `--json` prints exactly one line.

    Raises:
        InputError: a file or the IoU is wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m results.error_kinds", description="Errors by kind.")
    parser.add_argument("--truth", required=True, help="COCO ground truth")
    parser.add_argument("--detections", required=True, help="COCO result list or a submission")
    parser.add_argument("--iou", type=float, default=0.5, help="the IoU that a match needs (default 0.5)")
    parser.add_argument("--json", action="store_true", help="print one line of json")
    options = parser.parse_args(arguments)
    found = error_kinds(truth_from_coco(options.truth), detections_from_coco(options.detections), options.iou)
    if options.json:
        print(json.dumps({name: {"count": kind.count, "ap_cost": kind.ap_cost} for name, kind in found.items()}))
        return 0
    for name, kind in sorted(found.items(), key=lambda item: -item[1].ap_cost):
        print(f"{name:<15} {kind.count:>7}   AP {kind.ap_cost:+.4f} if mended")
    return 0


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


if __name__ == "__main__":
    sys.exit(run_command(main))
