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

from results.boxes import detections_from_coco, truth_from_coco
from results.commands import run_command
from results.error_costs import error_kinds


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


if __name__ == "__main__":
    sys.exit(run_command(main))
