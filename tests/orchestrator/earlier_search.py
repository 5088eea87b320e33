"""Runs that are on record before a test's own search begins."""

from collections.abc import Sequence
from pathlib import Path

from tiny_search import NEVER, Driven

from orchestrator.budget import Budget
from orchestrator.earlier_runs import EarlierTrial, reusable, runs_on
from orchestrator.repeats import Tried, canonical
from search_spaces.space import Space
from search_spaces.written_form import searched_sha

TERMS = "same data, same rule"


def searched(space: Space, name: str, points: Sequence[float], terms: str = TERMS) -> Driven:
    """A run of the current folder that has trained these points; its ledger is closed."""
    header = {"terms": terms, "searched_sha": searched_sha(space)}
    driven = Driven(space, Path("runs") / name, header=header)
    for x in points:
        driven.study._proposals.put_first({"x": x, "epochs": space.search.epochs})
        driven.train(driven.ask())
    driven.close()
    return driven


class Reusing(Driven):
    """A search in the current folder that answers from earlier runs."""

    def __init__(self, space: Space, name: str = "own", budget: Budget = NEVER) -> None:
        super().__init__(space, Path("runs") / name, budget)

    def tried(self, space: Space) -> Tried:
        """With every result that may be reused."""
        return Tried(space, canonical, self.earlier())

    def earlier(self) -> dict[str, EarlierTrial]:
        """What other runs have found."""
        return reusable(runs_on(TERMS, "own")[0])
