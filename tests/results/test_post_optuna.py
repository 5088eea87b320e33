import subprocess
import sys

import numpy as np
import pytest
from drawn_boxes import draw

from results.post_optuna import search_cutoffs, search_settings
from results.post_settings import cutoff_notice
from results.postprocess import PostSpec, Suppressor, default_settings
from results.prepared import prepare, prepare_truth
from results.rules import load_rule
from results.scoring import keep_all, match, score
from results.solution import apply_solution
from results.solve import solve
from results.sweep import sweep

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


@pytest.mark.parametrize("name", ["voc50", "f1_macro", "f1_micro", "fabric"])
def test_tpe_serves_the_same_solution(name: str) -> None:
    truth, raw = draw(3, rows=400)
    rule = load_rule(name)
    spec = PostSpec(search="optuna")
    solution = solve(truth, raw, rule, spec, 0)
    assert 1 < solution.settings_tried <= 62
    assert score(truth, apply_solution(raw, solution), rule).score == pytest.approx(solution.score.score)
    assert solve(truth, raw, rule, spec, 0) == solution


def test_rows_that_tpe_evaluated_recombine_with_a_grid() -> None:
    truth, raw = draw(3, rows=400)
    prepared = prepare(prepare_truth(truth, load_rule("voc50")), raw)
    proposed = search_settings(prepared, ("hard", "soft_linear"), Suppressor(prepared.detections), seed=0, trials=12)
    both = sweep(prepared, default_settings(), known=proposed.table)
    assert both.size == 62 + len(set(proposed.table.settings) - set(default_settings()))
    alone = sweep(prepared, proposed.table.settings).table.ap
    np.testing.assert_array_equal(alone, proposed.table.ap)
    best = [np.nanmax(part.table.ap, axis=0) for part in (both, proposed)]
    assert (best[0] >= best[1]).all()


def test_searched_cutoffs_help_only_where_false_alarms_cost() -> None:
    truth, raw = draw(6, rows=400)
    for name in ("voc50", "f1_macro"):
        prepared = prepare(prepare_truth(truth, load_rule(name)), raw)
        matched = match(prepared, keep_all(prepared))
        cutoff = search_cutoffs(matched, seed=0, trials=40)
        assert len(cutoff) == len(truth.categories)
        assert (cutoff == 0).all() == (name == "voc50")
        spec = PostSpec(cutoffs="optuna", nms=("hard",))
        assert bool(solve(truth, raw, load_rule(name), spec, 0).notice) == (name == "voc50")


def test_the_notice() -> None:
    assert "never raises" in (cutoff_notice("optuna", True) or "")
    assert cutoff_notice("optuna", False) is None
    assert cutoff_notice("tolerance", True) is None


def test_optuna_is_imported_only_when_asked_for() -> None:
    code = "import sys, results.solve, results.post_optuna; sys.exit('optuna' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
