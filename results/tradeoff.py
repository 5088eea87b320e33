"""Command: what a score cutoff trades: score against boxes kept and false alarms per clean image.

    python -m results.tradeoff --truth TRUTH.json --detections DETECTIONS.json --rule bottle_round1 [--json]

Under a plain AP a cutoff never gains; this curve is for choosing what a smaller, more precise submission may cost.
It chooses nothing.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from results.boxes import detections_from_coco, truth_from_coco
from results.commands import run_command
from results.prepared import prepare, prepare_truth
from results.rules import load_rule
from results.scoring import keep_all, match
from results.tradeoff_curve import Point, tradeoff


def main(arguments: Sequence[str]) -> int:
    """Prints the curve; `--json` prints exactly one line.

    Raises:
        InputError: a file or the rule is wrong.
    """
    parser = argparse.ArgumentParser(prog="python -m results.tradeoff", description="What a score cutoff trades.")
    parser.add_argument("--truth", required=True, help="COCO ground truth")
    parser.add_argument("--detections", required=True, help="COCO result list or a submission")
    parser.add_argument("--rule", required=True, help="built-in rule or the path of a YAML file")
    parser.add_argument("--json", action="store_true", help="print one line of json")
    options = parser.parse_args(arguments)
    truth = prepare_truth(truth_from_coco(options.truth), load_rule(options.rule))
    prepared = prepare(truth, detections_from_coco(options.detections))
    points = tradeoff(match(prepared, keep_all(prepared)))
    print(json.dumps({"rows": [asdict(point) for point in points]}) if options.json else "\n".join(_lines(points)))
    return 0


def _lines(points: Sequence[Point]) -> list[str]:
    lines = ["cutoff      score       boxes  false alarms per clean image"]
    for point in points:
        score = "undefined" if point.score is None else f"{point.score:.6f}"
        alarms = (
            "no clean images"
            if point.false_alarms_per_clean_image is None
            else f"{point.false_alarms_per_clean_image:.3f}"
        )
        lines.append(f"{point.cutoff:.6f}  {score:>9}  {point.boxes_kept:>8}  {alarms}")
    return lines


if __name__ == "__main__":
    sys.exit(run_command(main))
