"""Three tiers against one joint space, replayed on real trainings of the demonstration.

Twelve Cascade R-CNNs were trained once (`tiers_trained.py`); both searches look them up and pay the seconds that each
training and each pass over the images really took.

* Three tiers: Optuna chooses the training; every view of it is swept and its post tier solved exactly.
* One joint space: a point is a training, a view, an NMS kind with its number, and a score cutoff a class; TPE chooses
  all of them, and every point is trained, as a tuner that knows no tiers does. A second reading has that tuner keep its
  models, so that a training is paid once.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from stopwatch import markdown, write_table
from tiers_trained import Trained, key, read_trained, space_of_tiers, trainings, validation_truth, views_of

from orchestrator.budget import Budget
from orchestrator.study import Study
from results.boxes import Detections
from results.ledger import Ledger, read_events
from results.post_settings import NmsSetting, PostSpec
from results.postprocess import apply_nms, cap_per_image
from results.prepared import prepare_truth
from results.rules import load_rule
from results.scoring import class_aps, score_of
from results.solve import solve

SEEDS = range(3)
JOINT_TRIALS = 60
CHOSEN = ("train_scale", "lr", "stage_ious")
SPACE = space_of_tiers()
POINTS = trainings(SPACE)
VIEWS = [key(view) for view in views_of(SPACE)]
TRUTH = validation_truth()
RULE = load_rule(SPACE.rule)
PREPARED = prepare_truth(TRUTH, RULE)


@dataclass(frozen=True)
class Step:
    """One trial of a search.

    Attributes:
        training: its place among the twelve.
        train_s: seconds of training, paid by this trial.
        score: on the validation images.
    """

    training: int
    train_s: float
    score: float


@cache
def trained(number: int) -> Trained:
    """One of the twelve, read once."""
    return read_trained(number, SPACE)


def three_tiers(seed: int) -> list[Step]:
    """The search of this project, without a pruner."""
    steps = []
    with tempfile.TemporaryDirectory() as folder, Ledger.create(Path(folder) / "ledger.jsonl", {}) as ledger:
        study = Study(SPACE, ledger, read_events(ledger.path), Budget(len(POINTS)), seed)
        while (asked := study.next()) is not None:
            number = _training_of(asked.params)
            steps.append(Step(number, trained(number).train_s, max(exact_score(number, view) for view in VIEWS)))
            study.finished(asked.number, steps[-1].score, {})
    return steps


@cache
def exact_score(number: int, view: str) -> float:
    """The score of one view with its post tier solved."""
    return solve(TRUTH, trained(number).raw[view], RULE, PostSpec(), seed=0).score.score or 0.0


def joint(seed: int) -> list[Step]:
    """TPE over everything at once."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    steps: list[Step] = []

    def objective(trial: optuna.Trial) -> float:
        point = {name: trial.suggest_categorical(name, _options(name)) for name in CHOSEN}
        number = _training_of(point)
        raw = trained(number).raw[trial.suggest_categorical("view", VIEWS)]
        steps.append(Step(number, trained(number).train_s, _joint_score(raw, trial)))
        return steps[-1].score

    study.optimize(objective, n_trials=JOINT_TRIALS)
    return steps


def _joint_score(raw: Detections, trial: optuna.Trial) -> float:
    kind = trial.suggest_categorical("nms", ("hard", "soft_linear", "soft_gaussian"))
    setting = (
        NmsSetting(kind, sigma=trial.suggest_float("sigma", 0.02, 2.0, log=True))
        if kind == "soft_gaussian"
        else NmsSetting(kind, iou_threshold=trial.suggest_float("iou_threshold", 0.1, 0.9))
    )
    left = apply_nms(raw, setting, None)
    ids = PREPARED.category_id.tolist()
    cutoff = np.zeros(max(ids) + 1)
    cutoff[ids] = [trial.suggest_float(f"cutoff_{id_}", 0.001, 0.3, log=True) for id_ in ids]
    kept = cap_per_image(left.select(left.scores >= cutoff[left.category_id]), PostSpec().max_per_image)
    return score_of(PREPARED, class_aps(PREPARED, kept)).score or 0.0


def _options(name: str) -> list[Any]:
    return list(dict.fromkeys(point[name] for point in POINTS))


def _training_of(params: Mapping[str, object]) -> int:
    wanted = [params[name] for name in CHOSEN]
    return next(place for place, point in enumerate(POINTS) if [point[name] for name in CHOSEN] == wanted)


def seconds_to(steps: list[Step], score: float, models_kept: bool = False) -> float:
    """Seconds of training until a trial has the score; infinite if none has."""
    paid: dict[object, float] = {}
    for place, step in enumerate(steps):
        paid[step.training if models_kept else place] = step.train_s
        if step.score >= score:
            return sum(paid.values())
    return float("inf")


def main() -> None:
    rows = []
    for seed in SEEDS:
        ours, theirs = three_tiers(seed), joint(seed)
        final = max(step.score for step in theirs)
        reached = seconds_to(ours, final)
        all_s, until_s = sum(step.train_s for step in theirs), seconds_to(theirs, final)
        kept_s = seconds_to(theirs, final, models_kept=True)
        shares = (f"{seconds:.0f} ({reached / seconds:.2f})" for seconds in (all_s, until_s, kept_s))
        rows.append((seed, f"{final:.4f}", f"{reached:.0f}", *shares, f"{max(step.score for step in ours):.4f}"))
    head = (
        "seed", "joint search's final score", "three tiers reach it after, s",
        f"joint search, {JOINT_TRIALS} trials, s", "until its best, s", "until its best, models kept, s",
        "three tiers' final score",
    )  # fmt: skip
    text = (
        "Seconds of training; in brackets, what share of them the three tiers needed (asked: a third). Replayed on"
        " twelve real trainings of the demonstration, looked up instead of trained again, at the seconds each took on"
        " one core; both searches run without a pruner. Passes over the images and the post tier come on top: the"
        f" three tiers make {len(VIEWS)} passes a trial, the joint search one.\n"
    )
    costs = (
        "What the twelve trainings took and, by view, the pass over 120 images; the score of each view with its post"
        " tier solved.\n"
    )
    parts = [text, markdown(head, rows), costs, _trainings_table()]
    write_table("tiers", "Three tiers against one joint space", parts)


def _trainings_table() -> str:
    head = (*CHOSEN, "training, s", *(f"{view}: s, score" for view in VIEWS))
    rows = []
    for number, point in enumerate(POINTS):
        found = trained(number)
        views = (f"{found.predict_s[view]:.1f}, {exact_score(number, view):.4f}" for view in VIEWS)
        rows.append((*(point[name] for name in CHOSEN), f"{found.train_s:.0f}", *views))
    return markdown(head, rows)


if __name__ == "__main__":
    main()
