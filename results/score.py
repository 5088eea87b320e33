"""Command: score a detection file against a truth file under a rule.

    python -m results.score --truth TRUTH.json --detections DETECTIONS.json --rule bottle_round1 [--json]

Reads and prints; the numbers come from `results.scoring`.
"""

import sys
from collections.abc import Sequence

from results.boxes import detections_from_coco, truth_from_coco
from results.commands import CommandParser, run_command
from results.prepared import PreparedSet, prepare, prepare_truth
from results.rules import AP_KINDS, Rule, load_rule
from results.scoring import Score, keep_all, match, score_of
from results.solution_notes import FEW_BOXES


def main(arguments: Sequence[str]) -> int:
    """Scores and prints; `--json` prints exactly one line.

    Raises:
        InputError: a file or the rule is wrong.
    """
    options = _parser().parse_args(arguments)
    rule = load_rule(options.rule).with_switches(strict=True if options.strict else None, ap=options.ap)
    truth = prepare_truth(truth_from_coco(options.truth), rule)
    prepared = prepare(truth, detections_from_coco(options.detections))
    result = score_of(truth, match(prepared, keep_all(prepared)).class_ap())
    print(result.to_json() if options.json else "\n".join(_lines(result, prepared, rule)))
    return 0


def _parser() -> CommandParser:
    parser = CommandParser(prog="python -m results.score", description=__doc__.splitlines()[0])
    parser.add_argument("--truth", required=True, help="COCO ground truth")
    parser.add_argument("--detections", required=True, help="COCO result list or a submission")
    parser.add_argument("--rule", required=True, help="built-in rule or the path of a YAML file")
    parser.add_argument("--strict", action="store_true", help="the IoU must exceed the requirement")
    parser.add_argument("--ap", choices=AP_KINDS, help="how the AP is integrated (default: as the rule says)")
    parser.add_argument("--json", action="store_true", help="print one line of json")
    return parser


def _lines(result: Score, prepared: PreparedSet, rule: Rule) -> list[str]:
    names = {category.id: category.name for category in rule.categories}
    shown = "undefined (no class has a truth box)" if result.score is None else f"{result.score:.6f}"
    note = (
        " (weights renormalised: a class has no truth box)" if result.renormalised and result.score is not None else ""
    )
    lines = [f"score {shown}{note}   rule {rule.name}, {len(prepared)} detections"]
    for id_, ap in result.ap.items():
        few = "   few boxes: differences of an AP point are noise" if 0 < result.boxes[id_] < FEW_BOXES else ""
        value = "undefined" if ap is None else f"{ap:.6f}"
        lines.append(f"  {id_:>4}  AP {value:>9}  {result.boxes[id_]:>6} boxes  {names.get(id_, '')}{few}".rstrip())
    for id_, count in prepared.unscored.items():
        lines.append(f"ignored: {count} detections of category {id_}, which the rule does not count")
    if any(0 < boxes < FEW_BOXES for boxes in result.boxes.values()):
        lines.append("an AP reads high on few boxes: compare paired differences, never sets of different size")
    if rule.open:
        lines.append(f"not confirmed by the competition: {', '.join(rule.open)}")
    return lines


if __name__ == "__main__":
    sys.exit(run_command(main))
