"""How many trials are trained twice: 200 trials on the fake detector's 924 points, beside Ray's own OptunaSearch.

Both are asked and told one trial after another, with the same scores; TPE proposes on both sides. Writes `repeats.md`.
"""

import logging
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from ray import tune
from ray.tune.search.optuna import OptunaSearch
from stopwatch import markdown, write_table

from orchestrator.jobs import complete_params
from orchestrator.repeats import canonical
from orchestrator.virtual import Simulation, simulate
from results.layout import RunLayout
from results.ledger import read_events
from search_spaces.loading import load_space
from search_spaces.points import distinct_points
from search_spaces.space import NoPruning, Space
from trainables.catalogue import DETECTORS
from trainables.fake_problems import noise_free_score

TRIALS, SEEDS = 200, 5
_LEVELS = {"level_a": 12, "level_b": 11, "level_c": 7}


@dataclass(frozen=True)
class Counted:
    """What one search did.

    Attributes:
        trained: points that were trained, in their order.
        answered: repeats that were answered without training.
        best: the best score of a full training.
    """

    trained: tuple[str, ...]
    answered: int
    best: float

    @property
    def twice(self) -> int:
        """Trainings of a point that had been trained before."""
        return len(self.trained) - len(set(self.trained))


def ours(space: Space, seed: int) -> Counted:
    """This project's study in virtual time; every trial is trained to its end, as on the other side."""
    with tempfile.TemporaryDirectory() as folder:
        study = simulate(space, Path(folder), Simulation(TRIALS, seed=seed))
        events = read_events(RunLayout(Path(folder)).ledger)
    trained = tuple(canonical(record.params) for record in study.records.values())
    best = max(record.score or 0.0 for record in study.records.values())
    return Counted(trained, sum(event["event"] == "answered" for event in events), best)


def peer(space: Space, seed: int) -> Counted:
    """Ray's OptunaSearch, asked and told as Tune does it."""
    choices = {key: tune.choice(range(size)) for key, size in _LEVELS.items()}
    search = OptunaSearch(choices, metric="score", mode="max", seed=seed)
    trained, scores = [], []
    for number in range(TRIALS):
        point = search.suggest(str(number))
        params = complete_params(space, {**point, "problem": "discrete"})
        trained.append(canonical(point))
        scores.append(noise_free_score(params, space.search.epochs))
        search.on_trial_complete(str(number), {"score": scores[-1], "training_iteration": 1})
    return Counted(tuple(trained), 0, max(scores))


def rows(space: Space) -> list[list[object]]:
    """A line of the table for each seed and side, interleaved."""
    lines: list[list[object]] = []
    for seed in range(SEEDS):
        for name, search in (("detection-search", ours), ("Ray OptunaSearch", peer)):
            found = search(space, seed)
            share = f"{found.twice / len(found.trained):.1%}"
            lines.append([seed, name, len(found.trained), found.twice, share, found.answered, found.best])
    return lines


def main() -> None:
    """Runs both and writes the table."""
    logging.getLogger("ray.tune").setLevel(logging.ERROR)
    space = load_space("fake", DETECTORS, "discrete")
    space = replace(space, search=replace(space.search, pruner=NoPruning()))
    head = ["seed", "search", "trials trained", "trained twice", "share", "repeats answered", "best score"]
    note = (
        f"{TRIALS} trials on the {distinct_points(space)} points of the fake detector's `discrete`, one at a time,"
        " TPE on both sides.\nA repeat that is answered costs no training and counts for no trial.\n"
    )
    write_table("repeats", "Trials that are trained twice", [note, markdown(head, rows(space))])


if __name__ == "__main__":
    main()
