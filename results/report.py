"""`python -m results.report`: one page of Markdown about a run: its leaderboard and what its best trial does by class.

Reads the ledger and the files of the best trial. Intervals are computed anew, from the detections and the truth that
the trial wrote; where it kept no truth there are none, and the page says so. It does not plot, and it does not judge.
"""

import io
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console

from results.boxes import Detections, Truth, read_detections, read_truth
from results.coco_table import coco_class_rows
from results.commands import CommandParser, run_command
from results.errors import DamagedFileError
from results.groups import group_numbers, group_of_image
from results.layout import RunLayout, TrialLayout, chosen_run
from results.leaderboard_table import render
from results.ledger import COMPLETE, TrialRecord, group_by_of, read_events, trials_of
from results.online import read_online
from results.post_settings import PostSpec
from results.prepared import prepare, prepare_truth
from results.ranking import best_first
from results.report_sections import Kept, number, search_lines, sections
from results.rules import Rule, load_rule
from results.score import FEW_BOXES
from results.scoring import keep_all, match
from results.solve import Solution
from results.uncertainty import REPLICATES, image_weights, interval, replicate_values

_WIDTH_CHARS = 120
_SEED = 0
_HEADER = (
    "| id | class | boxes | AP | 95% | COCO AP | COCO AP50 | NMS | cutoff |",
    "|---:|---|---:|---:|---|---:|---:|---|---:|",
)


@dataclass(frozen=True)
class BestTrial:
    """What the page shows of a run's best trial.

    Attributes:
        record: its line of the ledger.
        solution: its post-processing and what that earned.
        name_of: class names by contest category id.
        interval_of: 95% image-bootstrap interval of each class's AP; None if the trial kept no truth.
        coco_of: COCO's AP and AP50 by contest category id; empty if the trial kept no truth.
        sections: lines of `results.report_sections`; none if the trial kept no truth.
    """

    record: TrialRecord
    solution: Solution
    name_of: Mapping[int, str]
    interval_of: Mapping[int, tuple[float, float]] | None
    coco_of: Mapping[int, Mapping[str, float | None]]
    sections: Sequence[str]


def main(arguments: Sequence[str]) -> int:
    """Prints the page of a run.

    Args:
        arguments: the command line after the program's name.

    Returns:
        0.

    Raises:
        InputError: no such run, or its rule is gone.
        DamagedFileError: the ledger or a file of the best trial cannot be trusted.
    """
    parser = CommandParser(prog="python -m results.report", description="One page of Markdown about a run.")
    parser.add_argument("--run", metavar="NAME", help="the newest run if left out")
    print(page(chosen_run(parser.parse_args(arguments).run)))
    return 0


def page(run: RunLayout) -> str:
    """The page as Markdown.

    Raises:
        InputError: the run's rule is gone.
        DamagedFileError: the ledger or a file of the best trial cannot be trusted.
    """
    events = read_events(run.ledger)
    rule_name = str(events[0].get("rule"))
    records = best_first(trials_of(events).values())
    lines = [f"# Run {run.name}", "", f"Rule: {rule_name}", "", *_leaderboard(records, run), ""]
    if not records or records[0].state != COMPLETE:
        return "\n".join([*lines, "No trial is COMPLETE yet: nothing to show by class."])
    best = _read_best(records[0], run.trial(records[0].number), load_rule(rule_name), group_by_of(events[0]))
    return "\n".join([*lines, *_best_lines(best)])


def class_intervals(
    truth: Truth, detections: Detections, rule: Rule, group_by: str | None = None
) -> dict[int, tuple[float, float]]:
    """The 95% image-bootstrap interval of each class's AP, by contest category id; (NaN, NaN) where it is undefined.

    Raises:
        InputError: a row is not finite, has a negative size, or an image that the truth does not know.
    """
    prepared_truth = prepare_truth(truth, rule)
    prepared = prepare(prepared_truth, detections)
    groups = group_numbers(prepared_truth.image_id, group_of_image(group_by, truth.images))
    weights = image_weights(len(prepared_truth.image_id), REPLICATES, _SEED, groups)
    values, _ = replicate_values(match(prepared, keep_all(prepared)), weights)
    return {id_: interval(values[:, place]) for place, id_ in enumerate(prepared_truth.category_id.tolist())}


def _read_best(record: TrialRecord, trial: TrialLayout, rule: Rule, group_by: str | None) -> BestTrial:
    name_of = {category.id: category.name for category in rule.categories}
    solution = _read_solution(trial)
    if not trial.truth.is_file():
        return BestTrial(record, solution, name_of, None, {}, ())
    truth = read_truth(trial.truth)
    detections, _ = read_detections(trial.detections)
    name_of = {category.id: category.name for category in truth.categories} | {i: n for i, n in name_of.items() if n}
    raw = read_detections(trial.raw)[0] if trial.raw.is_file() else None
    return BestTrial(
        record,
        solution,
        name_of,
        class_intervals(truth, detections, rule, group_by),
        coco_class_rows(truth, detections),
        sections(Kept(truth, detections, raw, _read_spec(trial), rule, group_by)),
    )


def _read_spec(trial: TrialLayout) -> PostSpec | None:
    """What the post tier was allowed; None for a trial that kept no configuration."""
    if not trial.config.is_file():
        return None
    try:
        fields = json.loads(trial.config.read_bytes())["job"]["post"]
        return PostSpec(**{**fields, "nms": tuple(fields["nms"])})
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(
            f"{trial.config} keeps a trial's post tier; it cannot be read ({error!r}); restore the folder"
        ) from error


def _read_solution(trial: TrialLayout) -> Solution:
    try:
        return Solution.from_dict(json.loads(trial.outcome.read_bytes())["solution"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(
            f"a COMPLETE trial keeps its solution in {trial.outcome}; it cannot be read ({error!r}); restore the folder"
        ) from error


def _leaderboard(records: Sequence[TrialRecord], run: RunLayout) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=_WIDTH_CHARS).print(render(records, _WIDTH_CHARS, online=read_online(run.online)))
    return ["```", *(line.rstrip() for line in text.getvalue().rstrip().splitlines()), "```"]


def _best_lines(best: BestTrial) -> list[str]:
    solution = best.solution
    cap = "no cap" if solution.max_per_image is None else f"a cap of {solution.max_per_image} boxes an image"
    coupled = solution.suppress == "across_classes"
    across = " Classes suppress each other: no optimum by class." if coupled else ""
    lines = [
        f"## Best trial: {best.record.number}, score {number(best.record.score)}",
        "",
        f"{solution.settings_tried} NMS settings tried; best for all classes: {solution.global_setting.label()}."
        f"{across} There is {cap}; it costs {solution.cap_cost:.5f}.",
        "",
        *_HEADER,
        *(_class_row(id_, best) for id_ in solution.score.ap),
    ]
    if any(boxes < FEW_BOXES for boxes in solution.score.boxes.values()):
        lines += ["", f"\\* under {FEW_BOXES} validation boxes: a difference of one AP point is noise."]
    if best.interval_of is None:
        lines += ["", "No intervals: the trial kept no truth beside its detections."]
    return [*lines, *best.sections, *search_lines(solution)]


def _class_row(id_: int, best: BestTrial) -> str:
    solution = best.solution
    boxes = solution.score.boxes[id_]
    cells = (
        str(id_),
        best.name_of.get(id_, ""),
        f"{boxes}{'*' if boxes < FEW_BOXES else ''}",
        number(solution.score.ap[id_]),
        _bounds(best.interval_of.get(id_) if best.interval_of else None),
        *((number(best.coco_of[id_][key]) if id_ in best.coco_of else "-") for key in ("AP", "AP50")),
        solution.setting_of[id_].label() if id_ in solution.setting_of else "-",
        f"{solution.cutoff_of.get(id_, 0.0):.4g}",
    )
    return f"| {' | '.join(cells)} |"


def _bounds(interval_: tuple[float, float] | None) -> str:
    if interval_ is None:
        return "-"
    return "undefined" if np.isnan(interval_[0]) else f"{interval_[0]:.4f} to {interval_[1]:.4f}"


if __name__ == "__main__":
    sys.exit(run_command(main))
