"""`python -m results.report`: one page of Markdown about a run: its leaderboard and what its best trial does by class.

Reads the ledger and the files of the best trial. Intervals are computed anew, from the detections and the truth that
the trial wrote; where it kept no truth there are none, and the page says so. It does not plot, and it does not judge.
"""

import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile

import numpy as np

from results.coco_table import coco_class_rows
from results.commands import CommandParser, run_command
from results.layout import RunLayout, TrialLayout, chosen_run
from results.leaderboard_notes import SMALL_SET_BIAS
from results.leaderboard_table import render
from results.ledger import group_by_of, read_events
from results.online import read_online
from results.ranking import best_first, scored
from results.report_sections import class_intervals, kept_of, number, penalty_lines, search_lines, sections
from results.report_trials import by_class_lines, comparison_lines
from results.rules import Rule, load_rule
from results.screen import Screen
from results.solution import Solution
from results.solution_notes import FEW_BOXES
from results.solve_store import sweep_opened
from results.sweep import SweepTable
from results.ties import MOST_COMPARED, ties
from results.trial_files import read_boxes, read_raw_set, read_rows, read_solution, read_spec
from results.trial_manifest import checked, report_files
from results.trial_records import COMPLETE, TrialRecord, trials_of

_WIDTH_CHARS = 120
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
    rule, group_by = load_rule(rule_name), group_by_of(events[0])
    ended = [record for record in records if record.state == COMPLETE]
    found = checked(run, ended, report_files, MOST_COMPARED)
    bare = list(takewhile(lambda record: not run.trial(record.number).outcome.is_file(), found.sound))
    said = [*found.lines(), *(f"Trial {record.number} is left out: it keeps no files." for record in bare)]
    lines += [part for line in said for part in (line, "")]
    shown = found.sound[len(bare) :]
    if not shown:
        return "\n".join([*lines, "No COMPLETE trial has whole files: nothing to show by class."])
    best = _read_best(shown[0], run.trial(shown[0].number), rule, group_by)
    complete = scored(shown)
    return "\n".join(
        [
            *lines,
            *_best_lines(best),
            *penalty_lines(rule.time_penalty, best.record.score, best.record.summary.get("fps")),
            *comparison_lines(best.record.number, ties(run, complete, rule_name, group_by)),
            *by_class_lines(_tables(run, complete, rule), best.name_of),
        ]
    )


def _read_best(record: TrialRecord, trial: TrialLayout, rule: Rule, group_by: str | None) -> BestTrial:
    name_of = {category.id: category.name for category in rule.categories}
    solution, boxes = read_solution(trial), read_boxes(trial)
    if boxes is None:
        return BestTrial(record, solution, name_of, None, {}, ())
    name_of = {category.id: category.name for category in boxes.truth.categories} | {
        id_: name for id_, name in name_of.items() if name
    }
    spec, raw_set = read_spec(trial), read_raw_set(trial, rule)
    kept = replace(kept_of(boxes, rule, group_by), spec=spec)
    if raw_set is not None and spec is not None:
        kept = replace(kept, sweep=partial(sweep_opened, trial.prepared, raw_set, spec))
    coco = coco_class_rows(boxes.truth, boxes.detections)
    return BestTrial(record, solution, name_of, class_intervals(kept), coco, sections(kept))


def _tables(run: RunLayout, finished: Sequence[TrialRecord], rule: Rule) -> dict[int, SweepTable]:
    """The sweep tables of trials, by number, that recombine with that of the first."""
    read = {record.number: read_rows(run.trial(record.number), rule) for record in finished}
    rows = {number: one for number, one in read.items() if one is not None}
    judged_by = {one.judged_by for one in list(rows.values())[:1]}
    return {number: one.table for number, one in rows.items() if one.judged_by in judged_by}


def _leaderboard(records: Sequence[TrialRecord], run: RunLayout) -> list[str]:
    text = io.StringIO()
    Screen(text, _WIDTH_CHARS).print(render(records, _WIDTH_CHARS, online=read_online(run.online)))
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
        *([solution.notice] if solution.notice else []),
        SMALL_SET_BIAS,
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
