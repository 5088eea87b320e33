"""Runs one tiny trial on a GPU that Ray only believes in, with a solver that starts late; prints what it reports.

    python trial_beside_solver.py FOLDER

A process of its own, since a cluster leaves open files behind in the process that started it.
"""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tiny_search import write_data

from orchestrator.slots import slots_on
from results.postprocess import PostSpec
from results.solution import Solution
from trainables.catalogue import DETECTORS
from trainables.jobs import TrialJob
from trainables.solving import Pending, PostProblem

_PATIENCE_S = 100
_TINY = {"backbone": "resnet18", "base_channels": 8, "neck_channels": 16, "rois": 16, "rpn_proposals": 50}
_TINY |= {"head_channels": 32, "train_scale": "64x64", "batch_size": 1, "warmup_iters": 0, "epochs": 3}


def job_in(folder: Path) -> dict[str, Any]:
    """Three epochs of four iterations, each epoch a rung, and two views at the end."""
    params = {name: one.default for name, one in DETECTORS["cascade_rcnn"].train.items()} | _TINY
    view = {"scale": "64x64", "flip": False, "score_floor": 0.001, "max_raw_per_image": 50}
    post, data = asdict(PostSpec(("hard",))), str(write_data(folder / "data"))
    own = str(folder / "0")
    return TrialJob(0, "cascade_rcnn", params, (view, view), post, (1, 2, 3), data, "coco50", 5, own).to_dict()


class Watched:
    """Lets the solver begin once the training has asked twice for the solution, or waits for it."""

    def __init__(self, pending: Pending, mark: Path) -> None:
        self.pending, self.mark, self.asked = pending, mark, 0

    def ready(self) -> bool:
        self.asked += 1
        if self.asked == 2:
            self.mark.touch()
        return self.pending.ready()

    def result(self) -> Solution:
        self.mark.touch()
        return self.pending.result()


def solve_after(mark: Path, problem: PostProblem) -> Solution:
    """Does not begin before the mark is there: a training that waited for it would wait in vain."""
    stop = time.monotonic() + _PATIENCE_S
    while not mark.exists():
        if time.monotonic() > stop:
            raise RuntimeError("the training does not go on while its rung is solved")
        time.sleep(0.01)
    return problem.solve()


def trial_beside_solver(job: dict[str, Any], mark: Path) -> list[dict[str, Any]]:
    """Everything that a trial in the first bundle of its placement group reports."""
    from orchestrator.remote_solving import solver_beside_gpu
    from orchestrator.worker import end_of_trial

    beside = solver_beside_gpu(lambda problem: solve_after(mark, problem))
    if beside is None:
        raise RuntimeError("a placement group of two bundles has a solver")
    reports: list[dict[str, Any]] = []
    end = end_of_trial(job, reports.append, lambda problem: Watched(beside(problem), mark))
    return [*reports, end]


def main(folder: Path) -> None:
    """Starts a cluster, runs the trial, prints one line of json."""
    import ray
    from ray.util import placement_group
    from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

    from orchestrator.remote_solving import TRIAL_BUNDLE
    from orchestrator.tune import bundles

    slots = slots_on(2, 1, None)
    ray.init("local", num_cpus=2, num_gpus=1, include_dashboard=False, log_to_driver=False)
    strategy = PlacementGroupSchedulingStrategy(placement_group(bundles(slots)), TRIAL_BUNDLE)
    remote = ray.remote(num_cpus=slots.cpus, num_gpus=slots.gpus, scheduling_strategy=strategy)(trial_beside_solver)
    reports = ray.get(remote.remote(job_in(folder), folder / "mark"), timeout=4 * _PATIENCE_S)
    ray.shutdown()
    print(json.dumps(reports))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
