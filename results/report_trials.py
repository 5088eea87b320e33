"""What the page of a run says of several trials: the best one against the others, and which does each class best.

Functions from what was measured to lines of Markdown. It reads no files and chooses nothing.
"""

from collections.abc import Mapping

from results.by_class import best_by_class, recombined_score
from results.report_sections import number
from results.sweep import SweepTable
from results.uncertainty import Comparison


def comparison_lines(best: int, against: Mapping[int, Comparison]) -> list[str]:
    """Paired differences of the best trial and others; nothing where none was compared.

    Args:
        best: the best trial's number.
        against: by the other trial's number, as `results.ties` finds them.
    """
    if not against:
        return []
    head = ("| trial | behind by | 95% | probability of being worse | |", "|---:|---:|---|---:|---|")
    rows = [
        f"| {other} | {number(found.difference)} | {number(found.interval[0], '+.4f')} to"
        f" {number(found.interval[1], '+.4f')} | {number(found.probability, '.3f')} | {'tied' if found.tied else ''} |"
        for other, found in against.items()
    ]
    return ["", f"### Trial {best} against the others (paired image bootstrap)", "", *head, *rows]


def by_class_lines(tables: Mapping[int, SweepTable], name_of: Mapping[int, str]) -> list[str]:
    """Which trial does each class best, by the trials' sweep tables; nothing for fewer than two trials.

    Args:
        tables: by trial number, best trial first; all of one truth, rule and kind of suppression.
        name_of: class names by contest category id.
    """
    if len(tables) <= 1:
        return []
    best, first = best_by_class(tables), next(iter(tables))
    head = (f"| id | class | trial | NMS | AP | AP in trial {first} |", "|---:|---|---:|---|---:|---:|")
    own = {one.category_id: one.ap for one in best_by_class({first: tables[first]})}
    rows = [
        f"| {one.category_id} | {name_of.get(one.category_id, '')} | {one.trial} | {one.setting.label()}"
        f" | {number(one.ap)} | {number(own.get(one.category_id))} |"
        for one in best
    ]
    note = (
        f"Each class from its best trial would score {number(recombined_score(best, tables[first]))} on these images,"
        " before score cutoffs and the cap across classes. It is picked on them, so it reads high."
    )
    return ["", f"### Best of {len(tables)} trials by class", "", *head, *rows, "", note]
