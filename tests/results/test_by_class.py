import numpy as np
import pytest

from results.by_class import best_by_class, recombined_score
from results.post_settings import NmsSetting
from results.sweep import SweepTable

SETTINGS = (NmsSetting(iou_threshold=0.3), NmsSetting(iou_threshold=0.6))


def table(ap: list[list[float]]) -> SweepTable:
    return SweepTable(SETTINGS, np.array([4, 7, 9]), np.array([0.5, 0.25, 0.25]), np.array(ap))


def test_each_class_comes_from_its_best_trial_and_setting() -> None:
    tables = {3: table([[0.5, 0.1, np.nan], [0.4, 0.2, np.nan]]), 8: table([[0.5, 0.3, np.nan], [0.1, 0.1, np.nan]])}
    best = best_by_class(tables)
    assert [(one.category_id, one.trial, one.setting, one.ap) for one in best] == [
        (4, 3, SETTINGS[0], 0.5),
        (7, 8, SETTINGS[0], 0.3),
    ]
    assert recombined_score(best, tables[3]) == pytest.approx((0.5 * 0.5 + 0.25 * 0.3) / 0.75)


def test_nothing_to_choose_from() -> None:
    undefined = {0: table([[np.nan] * 3] * 2)}
    assert best_by_class({}) == best_by_class(undefined) == []
    assert recombined_score([], undefined[0]) is None
