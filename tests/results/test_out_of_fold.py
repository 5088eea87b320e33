import numpy as np
import pytest
from drawn_boxes import draw

from results.cutoffs import image_folds
from results.out_of_fold import out_of_fold
from results.postprocess import NmsSetting, default_settings
from results.prepared import prepare, prepare_truth
from results.rules import load_rule
from results.sweep import Sweep, sweep
from results.uncertainty import image_weights


def swept(seed: int, settings: tuple[NmsSetting, ...]) -> Sweep:
    truth, raw = draw(seed, rows=800)
    return sweep(prepare(prepare_truth(truth, load_rule("voc50")), raw), settings)


def test_with_one_setting_it_is_the_score_itself() -> None:
    for seed in range(8):
        one = swept(seed, (NmsSetting("soft_linear"),))
        images = len(one.prepared.truth.image_id)
        found = out_of_fold(one, "argmax", image_weights(images, 50, 0), image_folds(images, 0))
        assert found.score == pytest.approx(one.combine(np.zeros(one.table.ap.shape[1], dtype=np.int64)).score().score)
        assert (found.gain, found.gain_interval) == (0.0, (0.0, 0.0))


def test_an_argmax_promises_more_than_it_holds() -> None:
    promised, held = [], []
    for seed in range(12):
        every = swept(seed, default_settings())
        images = len(every.prepared.truth.image_id)
        weights, folds = image_weights(images, 50, 0), image_folds(images, 0)
        if folds.max() < 1:
            continue
        in_sample = every.combine(every.table.best_per_class()).score().score or 0.0
        promised.append(in_sample - every.table.scores().max())
        found = out_of_fold(every, "argmax", weights, folds)
        held.append(found.gain)
        assert found.gain_interval[0] <= found.gain_interval[1]
        assert out_of_fold(every, "global", weights, folds).gain == 0.0
    assert np.mean(held) < np.mean(promised)
