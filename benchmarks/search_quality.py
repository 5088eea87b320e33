"""Epochs that searches train until a COMPLETE trial has 95% of the optimum, on problems whose optimum is known.

Everything runs in virtual time (`orchestrator.virtual`), four trials at once, through the same study, ledger and pruner
as a search of detectors. Noise does not count: a trial is judged by its point's score without noise.
"""

import statistics
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stopwatch import markdown, write_table

from orchestrator.jobs import complete_params
from orchestrator.study import Study
from orchestrator.virtual import Simulation, simulate
from results.trial_records import COMPLETE
from search_spaces.loading import load_space
from search_spaces.space import NoPruning, Pruning, Space, SuccessiveHalving
from trainables.catalogue import DETECTORS
from trainables.fake_problems import noise_free_score, optimum

PROBLEMS = {
    "full": "sphere",
    **{
        name: name
        for name in (
            "conditional", "categorical", "discrete", "ridge", "deceptive", "noisy", "lr_like", "plateau", "inert",
        )
    },
}  # fmt: skip
SEEDS = range(15)
SLOTS = 4
SHARE = 0.95


@dataclass(frozen=True)
class Method:
    """A way to search; `trials` is where it is given up."""

    sampler: str
    pruner: Pruning
    trials: int


METHODS = {
    "random": Method("random", NoPruning(), 1500),
    "random + halving": Method("random", SuccessiveHalving(), 1500),
    "TPE": Method("tpe", NoPruning(), 300),
    "TPE + halving": Method("tpe", SuccessiveHalving(), 600),
}


def epochs_to_reach(profile: str, method: Method, seed: int) -> float:
    """Epochs trained, over all trials, until one is COMPLETE with 95% of the optimum; infinite if none is."""
    space = searched_space(profile, method)
    goal = Goal(space, SHARE * optimum(PROBLEMS[profile], space.search.epochs))
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        simulate(space, Path(folder) / "run", Simulation(method.trials, SLOTS, seed), observer=goal)
    return goal.epochs if goal.reached else float("inf")


class Goal:
    """Counts the epochs that a search trains, and ends it once a COMPLETE trial's score is enough."""

    def __init__(self, space: Space, enough: float) -> None:
        self._space = space
        self._enough = enough
        self._last: dict[object, int] = {}
        self.reached = False
        self.epochs = 0

    def __call__(self, study: Study, event: Mapping[str, Any]) -> None:
        """Hears of an event of the search."""
        if self.reached:
            return
        if event["event"] == "rung":
            self._last[event["number"]] = event["epoch"]
        if event["event"] == "finished" and event["state"] == COMPLETE and self._is_enough(study, event["number"]):
            self.reached, self.epochs = True, sum(self._last.values())
            study.limits.declare_enough("the goal is reached")

    def _is_enough(self, study: Study, number: int) -> bool:
        params = complete_params(self._space, study.records[number].params)
        return noise_free_score(params, self._space.search.epochs) >= self._enough


def searched_space(profile: str, method: Method) -> Space:
    """The shipped problem under a method. Without a pruner nobody looks at a trial before its end."""
    space = load_space("fake", DETECTORS, profile)
    report_every = space.search.epochs if isinstance(method.pruner, NoPruning) else 1
    search = replace(space.search, sampler=method.sampler, pruner=method.pruner, report_every=report_every, hours=None)
    return replace(space, search=search)


def main() -> None:
    rows, better = [], 0
    for profile, problem in PROBLEMS.items():
        medians = {
            name: statistics.median(epochs_to_reach(profile, method, seed) for seed in SEEDS)
            for name, method in METHODS.items()
        }
        ratio = medians["TPE + halving"] / medians["random"]
        better += ratio <= 0.5
        shown = "-" if ratio == float("inf") else f"{ratio:.2f}"
        rows.append((problem, *(_shown(median) for median in medians.values()), shown))
        print(rows[-1], flush=True)
    head = ("problem", *METHODS, "TPE + halving / random")
    text = (
        f"Epochs trained until a COMPLETE trial has {SHARE:.0%} of the optimum: medians of {len(SEEDS)} seeds, {SLOTS}"
        f" trials at once, 10 epochs a trial. TPE + halving needs at most half of random search's epochs on {better} of"
        f" {len(PROBLEMS)} problems (asked: 8 of 10). A dash: not reached by the median seed"
        f" (given up after {', '.join(f'{one.trials} trials of {name}' for name, one in METHODS.items())}).\n"
    )
    write_table("search_quality", "Epochs to 95% of a known optimum", [text, markdown(head, rows)])


def _shown(epochs: float) -> object:
    return "-" if epochs == float("inf") else int(epochs)


if __name__ == "__main__":
    main()
