from pathlib import Path

import numpy as np
import pytest
from drawn_boxes import draw

from results.errors import DamagedFileError
from results.postprocess import NMS_KINDS, NmsKind, PostSpec
from results.rules import load_rule
from results.solution import Solution
from results.solve import solve
from results.solve_store import RawSet, solve_stored, sweep_opened, sweep_stored

RULE = load_rule("voc50")


def given(seed: int = 3) -> RawSet:
    return RawSet(*draw(seed, rows=400), RULE)


def grid_alone(nms: tuple[NmsKind, ...] = NMS_KINDS) -> Solution:
    one = given()
    return solve(one.truth, one.raw, RULE, PostSpec(nms=nms), 0)


def test_it_is_the_same_solution_stored_or_not(tmp_path: Path) -> None:
    one = given()
    expected = grid_alone()
    assert solve_stored(tmp_path, one, PostSpec(), 0) == expected
    assert solve_stored(tmp_path, one, PostSpec(), 0) == expected


def test_what_tpe_evaluated_recombines_with_the_grid(tmp_path: Path) -> None:
    proposed = solve_stored(tmp_path, given(), PostSpec(search="optuna"), 0)
    both = solve_stored(tmp_path, given(), PostSpec(), 0)
    again = solve_stored(tmp_path, given(), PostSpec(search="optuna"), 1)
    assert proposed.settings_tried <= 62 < both.settings_tried < again.settings_tried
    assert both.settings_tried <= proposed.settings_tried + grid_alone().settings_tried


def test_known_rows_of_other_kinds_are_kept_but_not_chosen(tmp_path: Path) -> None:
    solve_stored(tmp_path, given(), PostSpec(nms=("soft_gaussian",)), 0)
    hard = solve_stored(tmp_path, given(), PostSpec(nms=("hard",)), 0)
    assert {setting.kind for setting in hard.setting_of.values()} == {"hard"}
    assert hard == grid_alone(("hard",))
    both = solve_stored(tmp_path, given(), PostSpec(nms=("hard", "soft_gaussian")), 0)
    assert both.settings_tried >= hard.settings_tried + grid_alone(("soft_gaussian",)).settings_tried


def test_another_cap_suppression_or_raw_set_has_a_table_of_its_own(tmp_path: Path) -> None:
    solve_stored(tmp_path, given(), PostSpec(), 0)
    solve_stored(tmp_path, given(), PostSpec(max_per_image=5), 0)
    solve_stored(tmp_path, given(), PostSpec(suppress="across_classes", per_class="global"), 0)
    solve_stored(tmp_path, given(5), PostSpec(), 0)
    assert len(list(tmp_path.glob("sweep-*.arrow"))) == 4


def test_a_damaged_table_is_refused(tmp_path: Path) -> None:
    solve_stored(tmp_path, given(), PostSpec(), 0)
    next(tmp_path.glob("sweep-*.arrow")).write_bytes(b"x")
    with pytest.raises(DamagedFileError):
        solve_stored(tmp_path, given(), PostSpec(), 0)


def test_groups_are_drawn_whole_stored_or_not(tmp_path: Path) -> None:
    one = given()
    together = dict.fromkeys(one.truth.images.image_id.tolist(), 1)
    grouped = solve_stored(tmp_path, one, PostSpec(), 0, together)
    assert grouped == solve(one.truth, one.raw, RULE, PostSpec(), 0, together)
    assert grouped.interval == pytest.approx((grouped.score.score,) * 2)


def test_what_was_stored_is_opened_and_nothing_is_written(tmp_path: Path) -> None:
    one = given()
    fresh = sweep_opened(tmp_path, one, PostSpec())
    assert list(tmp_path.iterdir()) == [] and fresh.prepared.graph is None
    sweep_stored(tmp_path, one, PostSpec(), 0)
    opened = sweep_opened(tmp_path, one, PostSpec(search="optuna"))
    assert opened.prepared.graph is not None
    np.testing.assert_array_equal(opened.table.ap, fresh.table.ap)
    assert sweep_opened(tmp_path, given(5), PostSpec()).prepared.graph is None
