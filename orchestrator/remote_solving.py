"""Solves post tiers on a CPU beside the trial's GPU, so that the GPU trains and predicts on meanwhile.

A trial with a GPU has a placement group of two bundles: its own, and one CPU for solving. Where there is no second
bundle a trial solves in its own process; its cores are its own then.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ray
from ray.util import get_current_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

if TYPE_CHECKING:  # a worker that solves nothing loads none of it
    from results.solution import Solution
    from trainables.solving import PostProblem, Solver

TRIAL_BUNDLE, SOLVER_BUNDLE = 0, 1


@dataclass(frozen=True)
class RemoteSolution:
    """A `trainables.solving.Pending` in Ray's hands."""

    reference: Any

    def ready(self) -> bool:
        """Whether Ray has it."""
        done, _ = ray.wait([self.reference], timeout=0)
        return bool(done)

    def result(self) -> "Solution":
        """Waits for it; raises what the solving raised."""
        solution: Solution = ray.get(self.reference)
        return solution


def solver_beside_gpu(solve: "Callable[[PostProblem], Solution] | None" = None) -> "Solver | None":
    """A solver in the current placement group's second bundle; None where there is none.

    Args:
        solve: does the work, in another process; None for `PostProblem.solve`.
    """
    group = get_current_placement_group()
    if group is None or group.bundle_count <= SOLVER_BUNDLE:
        return None
    from trainables.solving import PostProblem

    strategy = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=SOLVER_BUNDLE)
    remote = ray.remote(num_cpus=1, scheduling_strategy=strategy)(solve or PostProblem.solve)
    return lambda problem: RemoteSolution(remote.remote(problem))
