"""Which trial does each class best: the sweep tables of several trials, joined by class.

A score is a weighted sum of class APs, so the rows of all trials recombine as the rows of one do: taking each class
from its best trial is the optimum over all of them on these images. It is picked on them and reads high; it says where
to look, and what a fusion by class could reach at most. It chooses nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from results.post_settings import NmsSetting
from results.scoring import weighted_mean
from results.sweep import SweepTable


@dataclass(frozen=True)
class ClassBest:
    """The best row of one class.

    Attributes:
        category_id: contest category id.
        trial: its number.
        setting: under which it was best.
        ap: what it earned there, before score cutoffs and the cap across classes.
    """

    category_id: int
    trial: int
    setting: NmsSetting
    ap: float


def best_by_class(tables: Mapping[int, SweepTable]) -> list[ClassBest]:
    """The best trial and setting of each class that has an AP; the first trial of equals.

    Args:
        tables: by trial number, best trial first; all of one truth and rule.
    """
    found = []
    for place, id_ in enumerate(next(iter(tables.values())).category_id.tolist() if tables else []):
        columns = {number: table.ap[:, place] for number, table in tables.items() if table.settings}
        if any(np.isnan(column).all() for column in columns.values()):
            continue
        number = max(columns, key=lambda one: float(np.nanmax(columns[one])))
        row = int(np.nanargmax(columns[number]))
        found.append(ClassBest(id_, number, tables[number].settings[row], float(columns[number][row])))
    return found


def recombined_score(best: list[ClassBest], table: SweepTable) -> float | None:
    """The score of each class taken from its best trial; `table` is any of the tables, for the classes' weights."""
    ap_of = {one.category_id: one.ap for one in best}
    return weighted_mean(np.array([ap_of.get(id_, np.nan) for id_ in table.category_id.tolist()]), table.weight)
