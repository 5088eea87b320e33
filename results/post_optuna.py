"""`post: {search: optuna}` and `cutoffs: optuna`: TPE proposes settings and cutoffs on the exact sweep's evaluator.

Every setting that TPE evaluates is a row of the same table, so recombination by class, gate and intervals are those of
the exact search. The one module of this package that knows Optuna; it imports it when it is called.
"""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from results.boxes import FloatArray
from results.charged import best_value
from results.cutoffs import cut
from results.post_settings import NmsKind, NmsSetting
from results.prepared import PreparedSet
from results.scoring import Matched, match
from results.sweep import Suppression, Sweep, SweepTable, class_row

if TYPE_CHECKING:
    import optuna

TRIALS = 62
CUTOFF_TRIALS = 200
IOU_RANGE = (0.1, 0.95)
SIGMA_RANGE = (0.02, 2.0)


def search_settings(
    prepared: PreparedSet, kinds: Sequence[NmsKind], suppressor: Suppression, seed: int, trials: int = TRIALS
) -> Sweep:
    """TPE proposes `trials` settings, each used for all classes and judged by the score.

    Args:
        prepared: the raw set.
        kinds: of NMS that may be proposed.
        suppressor: of the raw set.
        seed: of the sampler.
        trials: how many; a proposal that was evaluated before costs nothing.
    """
    rows: dict[NmsSetting, FloatArray] = {}

    def value(trial: "optuna.Trial") -> float:
        setting = _proposed(trial, kinds)
        matched = match(prepared, suppressor.run(setting))
        rows[setting] = class_row(matched)
        return best_value(matched)

    with _study(seed) as study:
        study.enqueue_trial({"kind": kinds[0], "iou_threshold": 0.5, "sigma": 0.5})
        study.optimize(value, n_trials=trials)
    truth = prepared.truth
    table = SweepTable(tuple(rows), truth.category_id, truth.weight, np.array(list(rows.values())))
    return Sweep(prepared, suppressor, table)


def search_cutoffs(matched: Matched, seed: int, trials: int = CUTOFF_TRIALS) -> FloatArray:
    """TPE proposes a cutoff for each class (C,), as a quantile of its scores; no cutoff at all is tried first.

    Args:
        matched: the detections that may be cut.
        seed: of the sampler.
        trials: how many.
    """
    starts = matched.kept.class_start
    parts = [np.sort(matched.kept.scores[low:high]) for low, high in itertools.pairwise(starts)]
    names = [f"class_{place}" for place in range(len(parts))]
    best: list[tuple[float, FloatArray]] = []

    def value(trial: "optuna.Trial") -> float:
        shares = [trial.suggest_float(name, 0.0, 1.0) for name in names]
        cutoff = np.array([_at_share(part, share) for part, share in zip(parts, shares, strict=True)])
        score = match(matched.prepared, cut(matched, cutoff)).score().score or 0.0
        if not best or score > best[-1][0]:
            best.append((score, cutoff))
        return score

    with _study(seed) as study:
        study.enqueue_trial(dict.fromkeys(names, 0.0))
        study.optimize(value, n_trials=trials)
    return best[-1][1]


def _at_share(scores: FloatArray, share: float) -> float:
    """The score below which `share` of the ascending scores lie; 0 for none of them."""
    place = int(share * len(scores))
    return float(scores[min(place, len(scores) - 1)]) if place else 0.0


def _proposed(trial: "optuna.Trial", kinds: Sequence[NmsKind]) -> NmsSetting:
    named = kinds[0] if len(kinds) == 1 else trial.suggest_categorical("kind", list(kinds))
    kind = next(known for known in kinds if known == named)
    if kind == "soft_gaussian":
        return NmsSetting(kind, sigma=trial.suggest_float("sigma", *SIGMA_RANGE, log=True))
    return NmsSetting(kind, iou_threshold=trial.suggest_float("iou_threshold", *IOU_RANGE))


@contextmanager
def _study(seed: int) -> Iterator[Any]:
    """A study in memory that prints nothing; Optuna's own verbosity comes back afterwards."""
    import optuna  # half a second, and only spaces that ask for it pay

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    finally:
        optuna.logging.set_verbosity(before)
