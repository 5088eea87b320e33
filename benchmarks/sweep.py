"""62 NMS settings on 112,000 raw boxes, recombined by class, against TPE with ten times the time on the same evaluator.

TPE proposes kind and threshold (or sigma) of all ten classes at once; a point costs it one setting's suppression and
matching, class by class, as in the sweep. Both are judged on the data they searched: this is about the search alone.
"""

import time

import numpy as np
import optuna
from inputs import Inputs, raw_draw
from stopwatch import Tool, cpu_ms, markdown, write_table

from results.boxes import Detections
from results.post_settings import NMS_KINDS, NmsSetting
from results.postprocess import Suppressor, default_settings
from results.prepared import PreparedSet, prepare, prepare_truth
from results.rules import Rule, load_rule
from results.scoring import match, weighted_mean
from results.sweep import choose, refined, sweep
from results.uncertainty import REPLICATES, image_weights

RULES = ("bottle_round1", "coco")
SEEDS = range(5)
MORE_TIME = 10


def main() -> None:
    """Searches both ways and writes `sweep.md`."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    given = raw_draw(1)
    write_table(
        "sweep", f"Sweep of {len(given.detections)} raw boxes", [_part(given, load_rule(name)) for name in RULES]
    )


def _part(given: Inputs, rule: Rule) -> str:
    weights = image_weights(len(given.truth.images), REPLICATES, 0)
    truth = prepare_truth(given.truth, rule)

    def exact() -> None:
        choose(sweep(prepare(truth, given.detections), default_settings()), "gate", weights)

    spent_s = cpu_ms({"exact": Tool(exact, 2, 0)})["exact"] / 1e3
    swept = sweep(prepare(truth, given.detections), default_settings())
    rows: list[list[object]] = [
        ["62 settings, best for all classes", swept.size, spent_s, float(swept.table.scores().max())],
        ["62 settings, exact optimum by class", swept.size, spent_s, _best(swept.table.ap, truth.weight)],
    ]
    begin = time.process_time()
    finer = refined(swept)
    spent_more = time.process_time() - begin + spent_s
    rows.append(["the same, refined once", finer.size, spent_more, _best(finer.table.ap, truth.weight)])
    evaluator = _by_class(given, rule)
    for seed in SEEDS:
        points, best = _tpe(evaluator, truth.weight, seed, MORE_TIME * spent_s)
        rows.append([f"TPE, seed {seed}", points, MORE_TIME * spent_s, best])
    head = ["search", "settings or points", "CPU s", "score on the same data"]
    note = "CPU s of the sweep: prepare, graph, 62 settings, choice with the gate (500 replicates).\n"
    rows = [[*row[:-1], f"{row[-1]:.6f}"] for row in rows]
    return f"## {rule.name}\n\n{markdown(head, rows)}\n{note}"


def _best(ap: np.ndarray, weight: np.ndarray) -> float:
    return weighted_mean(np.nanmax(ap, axis=0), weight) or 0.0


def _by_class(given: Inputs, rule: Rule) -> list[tuple[int, PreparedSet, Suppressor]]:
    parts = []
    truth = prepare_truth(given.truth, rule)
    for place, id_ in enumerate(truth.category_id.tolist()):
        one: Detections = given.detections.select(given.detections.category_id == id_)
        prepared = prepare(truth, one)
        suppressor = Suppressor(prepared.detections, rule.max_per_image_and_class)
        assert suppressor.graph
        parts.append((place, prepared, suppressor))
    return parts


def _tpe(
    parts: list[tuple[int, PreparedSet, Suppressor]], weight: np.ndarray, seed: int, budget_s: float
) -> tuple[int, float]:
    end = time.process_time() + budget_s

    def value(trial: optuna.Trial) -> float:
        found = [
            match(prepared, suppressor.run(_proposed(trial, place))).class_ap()[place]
            for place, prepared, suppressor in parts
        ]
        return weighted_mean(np.array(found), weight) or 0.0

    def stop(study: optuna.Study, _: object) -> None:
        if time.process_time() > end:
            study.stop()

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(value, callbacks=[stop])
    return len(study.trials), float(study.best_value)


def _proposed(trial: optuna.Trial, place: int) -> NmsSetting:
    kind = trial.suggest_categorical(f"kind_{place}", NMS_KINDS)
    if kind == "soft_gaussian":
        return NmsSetting(kind, sigma=trial.suggest_float(f"sigma_{place}", 0.02, 2.0, log=True))
    return NmsSetting(kind, iou_threshold=trial.suggest_float(f"iou_{place}", 0.1, 0.95))


if __name__ == "__main__":
    main()
