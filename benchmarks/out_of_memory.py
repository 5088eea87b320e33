"""Trials that run out of memory, in this project's search and in Ray's own `OptunaSearch`, on the fake detector.

The problem `memory` pays for memory up to a point, and its best trials lie beside those that do not fit. Ray's searcher
is asked and told as Tune does it, four trials at once, in this process; one search of it is also run by Tune itself.
Ours runs in virtual time. A trial that ran out once and then went on with half of its batch counts as out of memory.
"""

import logging
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import optuna
from stopwatch import markdown, write_table

from orchestrator.jobs import complete_params
from orchestrator.virtual import Simulation, simulate
from results.trial_records import COMPLETE, TrialRecord
from search_spaces.domains import Fixed
from search_spaces.loading import load_space
from search_spaces.sampling import suggest
from search_spaces.space import NoPruning, Space
from trainables.catalogue import DETECTORS
from trainables.failures import OUT_OF_MEMORY
from trainables.fake_problems import NETWORK_GIB, activations_gib, optimum, score_after

TRIALS, SLOTS, SEEDS = 100, 4, range(10)
TUNED_SEED = 3


@dataclass(frozen=True)
class Outcome:
    """One search: whether each trial, in its order, ran out of memory, and the best score."""

    ran_out: tuple[bool, ...]
    best: float

    @property
    def share(self) -> float:
        """Of all trials."""
        return mean(self.ran_out)

    @property
    def second_half(self) -> float:
        """Of the second half of the trials."""
        return mean(self.ran_out[len(self.ran_out) // 2 :])


def ours(space: Space, seed: int) -> Outcome:
    """This project's search in virtual time."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        records = simulate(space, Path(folder) / "run", Simulation(TRIALS, SLOTS, seed)).records
    scores = [record.score or 0.0 for record in records.values() if record.state == COMPLETE]
    return Outcome(tuple(_ran_out(records[number]) for number in sorted(records)), max(scores))


def _ran_out(record: TrialRecord) -> bool:
    return bool(record.ran_out) or record.kind == OUT_OF_MEMORY


def rays(space: Space, seed: int) -> Outcome:
    """Ray's searcher, asked and told as Tune does."""
    searcher = rays_searcher(space, seed)
    running: list[tuple[str, float]] = []
    ran_out, scores = [], []
    for number in range(TRIALS):
        if len(running) == SLOTS:
            name, score = running.pop(0)
            searcher.on_trial_complete(name, {"score": score})
        params = _params(space, searcher.suggest(str(number)))
        ran_out.append(not _fits(params))
        if ran_out[-1]:
            searcher.on_trial_complete(str(number), error=True)
        else:
            scores.append(score_after(params, space.search.epochs, seed))
            running.append((str(number), scores[-1]))
    return Outcome(tuple(ran_out), max(scores))


def by_tune(space: Space, seed: int) -> Outcome:
    """The same, run by Ray Tune itself."""
    import ray
    from ray import tune

    def train(config: dict[str, Any]) -> None:
        params = _params(space, config)
        if not _fits(params):
            raise MemoryError
        tune.report({"score": score_after(params, space.search.epochs, seed)})

    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
    ray.init(num_cpus=SLOTS, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        config = tune.TuneConfig(
            search_alg=rays_searcher(space, seed), num_samples=TRIALS, max_concurrent_trials=SLOTS, reuse_actors=True
        )
        results = tune.Tuner(train, tune_config=config, run_config=tune.RunConfig(storage_path=folder, verbose=0)).fit()
        scores = [result.metrics["score"] for result in results if result.error is None]
        ended = Outcome(tuple(result.error is not None for result in results), max(scores))
    ray.shutdown()
    return ended


def rays_searcher(space: Space, seed: int) -> Any:
    """Ray's `OptunaSearch` over the space, Optuna's TPE as it comes."""
    from ray.tune.search.optuna import OptunaSearch

    return OptunaSearch(partial(_define, space), metric="score", mode="max", seed=seed)


def _define(space: Space, trial: optuna.Trial) -> None:
    suggest(space, trial)


def _params(space: Space, drawn: Mapping[str, Any]) -> dict[str, Any]:
    fixed = {one.name: one.domain.value for one in space.train if isinstance(one.domain, Fixed)}
    return complete_params(space, {**fixed, **drawn})


def _fits(params: Mapping[str, Any]) -> bool:
    return NETWORK_GIB + activations_gib(params) <= params["device_gib"]


def main() -> None:
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = load_space("fake", DETECTORS, "memory")
    space = replace(space, search=replace(space.search, hours=None))
    unpruned = replace(space, search=replace(space.search, pruner=NoPruning()))
    whole = replace(space, search=replace(space.search, retry_out_of_memory=False))
    outcomes = {
        "Ray's `OptunaSearch`": [rays(space, seed) for seed in SEEDS],
        f"of these, seed {TUNED_SEED}": [rays(space, TUNED_SEED)],
        f"seed {TUNED_SEED}, run by Ray Tune itself": [by_tune(space, TUNED_SEED)],
        "this project": [ours(space, seed) for seed in SEEDS],
        "this project, no pruner": [ours(unpruned, seed) for seed in SEEDS],
        "this project, `retry_out_of_memory: false`": [ours(whole, seed) for seed in SEEDS],
    }
    rows = [(name, *_row(found, optimum("memory", space.search.epochs))) for name, found in outcomes.items()]
    head = ("search", "out of memory", "second half", "worst seed", "best score / optimum")
    asked = "Asked: at most 20% overall, 5% in the second half."
    text = f"{TRIALS} trials, {SLOTS} at once, means over {len(SEEDS)} seeds. {asked}\n"
    write_table("out_of_memory", "Trials that run out of memory", [text, markdown(head, rows)])


def _row(found: list[Outcome], best: float) -> tuple[str, ...]:
    shares = (
        mean(one.share for one in found),
        mean(one.second_half for one in found),
        max(one.share for one in found),
    )
    return (*(f"{share:.1%}" for share in shares), f"{mean(one.best for one in found) / best:.3f}")


if __name__ == "__main__":
    main()
