import numpy as np
import pytest
from drawn_boxes import draw

from results.boxes import Detections
from results.postprocess import NmsSetting, apply_nms, default_settings
from results.prepared import prepare, prepare_truth
from results.rules import load_rule
from results.scoring import score
from results.sweep import Sweep, SweepTable, choose, sweep
from results.uncertainty import image_weights

RULE = load_rule("voc50")


def swept(seed: int) -> tuple[Sweep, Detections]:
    truth, raw = draw(seed, rows=800)
    return sweep(prepare(prepare_truth(truth, RULE), raw), default_settings()), raw


def test_every_cell_is_the_score_of_that_setting() -> None:
    truth, raw = draw(6, rows=800)
    table = swept(6)[0].table
    for place in range(0, 62, 7):
        expected = score(truth, apply_nms(raw, table.settings[place], None), RULE)
        found = {id_: None if np.isnan(ap) else ap for id_, ap in zip(expected.ap, table.ap[place], strict=True)}
        assert found == pytest.approx(expected.ap, abs=1e-12)


def test_argmax_is_the_exact_optimum_and_no_choice_is_below_global() -> None:
    for seed in range(10):
        result, _ = swept(seed)
        weights = image_weights(len(result.prepared.truth.image_id), 100, seed)
        best = np.nanmax(result.table.ap, axis=0, initial=-1)
        argmax = result.combine(choose(result, "argmax", weights).index).class_ap()
        np.testing.assert_allclose(argmax[~np.isnan(argmax)], best[~np.isnan(argmax)], atol=1e-12)
        gate = choose(result, "gate", weights)
        stays = gate.index == gate.global_index
        assert (stays | (gate.share_won >= 0.95)).all()
        assert (choose(result, "global", weights).index == gate.global_index).all()


def test_the_gate_opens_for_a_sure_win_and_not_for_chance() -> None:
    truth, raw = draw(14, rows=800)
    result = sweep(prepare(prepare_truth(truth, RULE), raw), [NmsSetting(), NmsSetting(iou_threshold=0.51)])
    images = len(truth.images)
    share = choose(result, "gate", image_weights(images, 200, 0)).share_won
    assert ((share >= 0) & (share <= 1) | np.isnan(share)).all()
    certain = choose(result, "gate", np.ones((5, images)))
    assert (certain.index == choose(result, "argmax", np.ones((5, images))).index).all()


def test_the_best_global_setting_weighs_classes() -> None:
    ap = np.array([[0.9, 0.0, np.nan], [0.0, 0.5, np.nan]])
    settings = (NmsSetting(iou_threshold=0.3), NmsSetting(iou_threshold=0.6))
    table = SweepTable(settings, np.array([1, 2, 3]), np.array([0.1, 0.8, 0.1]), ap)
    assert table.best_global() == 1
    assert table.best_per_class().tolist() == [0, 1, 1]
    assert table.scores() == pytest.approx([0.1, 4 / 9])


def test_an_empty_raw_set_can_be_swept() -> None:
    truth, _ = draw(1)
    result = sweep(prepare(prepare_truth(truth, RULE), Detections.empty()), default_settings())
    assert np.nanmax(result.table.ap) == 0.0
    assert len(choose(result, "gate", np.ones((2, len(truth.images)))).index) == len(truth.categories)
