"""The seam between a trial and whoever solves its post tier: here and now, or elsewhere while the trial goes on.

    pending = solver(problem)      at once, whoever solves
    pending.ready()                whether result() returns at once
    pending.result()               the solution; raises what the solving raised

A trial polls; it does not care where the work is done.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from results.postprocess import PostSpec
from results.solution import Solution
from results.solve import solve
from results.solve_store import RawSet


@dataclass(frozen=True)
class PostProblem:
    """What `results.solve.solve` takes."""

    given: RawSet
    spec: PostSpec
    seed: int
    group_of_image: Mapping[int, int] | None

    def solve(self) -> Solution:
        """Does the work.

        Raises:
            InputError: a row is bad.
        """
        given = self.given
        return solve(given.truth, given.raw, given.rule, self.spec, self.seed, self.group_of_image)


class Pending(Protocol):
    """A solution that is there or will be."""

    def ready(self) -> bool:
        """Whether `result` returns at once."""

    def result(self) -> Solution:
        """Waits for the solution."""


Solver = Callable[[PostProblem], Pending]


@dataclass(frozen=True)
class SolvedHere:
    """A solution that is there."""

    solution: Solution

    def ready(self) -> bool:
        """Always."""
        return True

    def result(self) -> Solution:
        """At once."""
        return self.solution


def solve_here(problem: PostProblem) -> SolvedHere:
    """Solves in this process, before it returns: right where a trial's cores are its own."""
    return SolvedHere(problem.solve())
