"""Command: score a detection file against a truth file under a rule.

    python -m results.score --truth TRUTH.json --detections DETECTIONS.json --rule bottle_round1 [--json]

Reads and prints; the numbers come from `results.scoring`.
"""

import json
import math
import sys
from collections.abc import Mapping, Sequence

from results.boxes import Detections, Truth, detections_from_coco, truth_from_coco, unchecked_detections
from results.commands import CommandParser, run_command
from results.leaderboard_notes import SMALL_SET_BIAS
from results.prepared import PreparedSet, prepare, prepare_truth
from results.rules import AP_KINDS, Rule, load_rule
from results.scoring import Matched, Score, keep_all, match
from results.solution_notes import FEW_BOXES
from results.sound_rows import sound_rows
from results.uncertainty import REPLICATES, image_weights, interval, replicate_values

SEED = 0


def main(arguments: Sequence[str]) -> int:
    """Scores and prints; `--json` prints exactly one line.

    Raises:
        InputError: a file or the rule is wrong.
    """
    options = _parser().parse_args(arguments)
    rule = load_rule(options.rule).with_switches(strict=True if options.strict else None, ap=options.ap)
    truth = truth_from_coco(options.truth)
    detections, dropped = _detections(options.detections, truth, rule)
    prepared = prepare(prepare_truth(truth, rule), detections)
    matched = match(prepared, keep_all(prepared))
    result, bounds = matched.score(), score_interval(matched)
    if options.json:
        content = json.loads(result.to_json()) | {"interval": list(bounds) if bounds else None}
        print(json.dumps(content | ({"dropped": dropped} if dropped else {})))
    else:
        print("\n".join([*_lines(result, bounds, prepared, rule), *_dropped_lines(dropped)]))
    return 0


def score_interval(matched: Matched) -> tuple[float, float] | None:
    """Return the 95% interval of the score by the image bootstrap; None where it is undefined."""
    weights = image_weights(len(matched.prepared.truth.image_id), REPLICATES, SEED)
    bounds = interval(replicate_values(matched, weights)[1])
    return None if math.isnan(bounds[0]) else bounds


def _detections(path: str, truth: Truth, rule: Rule) -> tuple[Detections, dict[str, int]]:
    """The rows that are scored, and how many the rule has left out for each reason."""
    if rule.bad_rows == "refuse":
        return detections_from_coco(path), {}
    return sound_rows(unchecked_detections(path), truth)


def _dropped_lines(dropped: Mapping[str, int]) -> list[str]:
    return [f"dropped: {count} detections ({reason}), as the rule says" for reason, count in dropped.items()]


def _parser() -> CommandParser:
    parser = CommandParser(prog="python -m results.score", description=__doc__.splitlines()[0])
    parser.add_argument("--truth", required=True, help="COCO ground truth")
    parser.add_argument("--detections", required=True, help="COCO result list or a submission")
    parser.add_argument("--rule", required=True, help="built-in rule or the path of a YAML file")
    parser.add_argument("--strict", action="store_true", help="the IoU must exceed the requirement")
    parser.add_argument("--ap", choices=AP_KINDS, help="how the AP is integrated (default: as the rule says)")
    parser.add_argument("--json", action="store_true", help="print one line of json")
    return parser


def _lines(result: Score, bounds: tuple[float, float] | None, prepared: PreparedSet, rule: Rule) -> list[str]:
    names = {category.id: category.name for category in rule.categories}
    shown = "undefined (no class has a truth box)" if result.score is None else f"{result.score:.6f}"
    note = (
        " (weights renormalised: a class has no truth box)" if result.renormalised and result.score is not None else ""
    )
    between = f" [{bounds[0]:.4f}, {bounds[1]:.4f}]" if bounds else ""
    lines = [f"score {shown}{between}{note}   rule {rule.name}, {len(prepared)} detections"]
    measured = "AP" if rule.measure.kind == "ap" and not rule.measure.function else "value"
    for id_, ap in result.ap.items():
        few = "   few boxes: differences of an AP point are noise" if 0 < result.boxes[id_] < FEW_BOXES else ""
        value = "undefined" if ap is None else f"{ap:.6f}"
        lines.append(
            f"  {id_:>4}  {measured} {value:>9}  {result.boxes[id_]:>6} boxes  {names.get(id_, '')}{few}".rstrip()
        )
    for id_, count in prepared.unscored.items():
        lines.append(f"ignored: {count} detections of category {id_}, which the rule does not count")
    lines.append(SMALL_SET_BIAS)
    if rule.open:
        lines.append(f"not confirmed by the competition: {', '.join(rule.open)}")
    return lines


if __name__ == "__main__":
    sys.exit(run_command(main))
