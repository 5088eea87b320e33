"""What a trained model is worth: predicted on the validation images, with the post tier solved.

A rung is judged by the first view; at the end every view is tried. While one view is being solved the next is
predicted, where the solver works elsewhere. Writes and reports nothing.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from results.boxes import Detections, Truth
from results.groups import group_of_image
from results.postprocess import PostSpec
from results.rules import Rule, load_rule
from results.solution import Solution
from results.solve_store import RawSet
from trainables.data.dataset import Dataset, load_truth
from trainables.effective import TrainingData, training_data
from trainables.jobs import TrialJob
from trainables.predict import ImageFile, View, image_files, predict_raw
from trainables.solving import Pending, PostProblem, Solver


@dataclass(frozen=True)
class Validation:
    """The validation images and how they are judged.

    Attributes:
        images: in the order of the truth's.
        truth: their boxes.
        rule: what is scored.
        post: what the post tier may do.
        data: what the trial learns from; label i is its i-th category.
        seed: of the bootstrap.
        group_of_image: see `results.solve.solve`.
    """

    images: Sequence[ImageFile]
    truth: Truth
    rule: Rule
    post: PostSpec
    data: TrainingData
    seed: int
    group_of_image: Mapping[int, int] | None


@dataclass(frozen=True)
class Judged:
    """One view of the validation images with its post tier solved.

    Attributes:
        view: how the images were shown.
        raw: detections before NMS.
        solution: of the post tier.
        images_per_s: predicted, files read included.
    """

    view: View
    raw: Detections
    solution: Solution
    images_per_s: float

    @property
    def score(self) -> float | None:
        """None where the rule defines none."""
        return self.solution.score.score


@dataclass(frozen=True)
class Submitted:
    """A view that is predicted and being solved."""

    view: View
    raw: Detections
    pending: Pending
    images_per_s: float

    def judged(self) -> Judged:
        """Waits for the solution."""
        return Judged(self.view, self.raw, self.pending.result(), self.images_per_s)


def validation_of(job: TrialJob, dataset: Dataset) -> Validation:
    """What a job's trial is judged on.

    Raises:
        InputError: the annotations or the rule cannot be read.
    """
    truth, rule = load_truth(dataset, dataset.val), load_rule(job.rule)
    return Validation(
        images=image_files(truth.images, dataset.val.images),
        truth=truth,
        rule=rule,
        post=_post_spec(job.post),
        data=training_data(dataset, truth.categories, rule),
        seed=job.seed,
        group_of_image=group_of_image(dataset.group_by, truth.images),
    )


def submit(
    model: nn.Module, validation: Validation, view: View, solver: Solver, on_image: Callable[[], None]
) -> Submitted:
    """Predicts one view and hands it to the solver.

    Args:
        model: in evaluation mode.
        validation: the images.
        view: how they are shown.
        solver: of the post tier.
        on_image: called after each image; may raise.
    """
    started = time.monotonic()
    ids = validation.data.category_ids
    raw = predict_raw(model, validation.images, view, ids, lambda _done: on_image())
    elapsed_s = max(time.monotonic() - started, 1e-9)
    given = RawSet(validation.truth, raw, validation.rule)
    problem = PostProblem(given, validation.post, validation.seed, validation.group_of_image)
    return Submitted(view, raw, solver(problem), len(validation.images) / elapsed_s)


def best_view(
    model: nn.Module,
    validation: Validation,
    views: Sequence[tuple[View, Callable[[], None]]],
    solver: Solver,
    on_image: Callable[[], None],
) -> Judged:
    """Tries every view, each after its call, which readies the model; else as `submit`. The first of equals wins."""
    submitted = []
    for view, ready_model in views:
        ready_model()
        submitted.append(submit(model, validation, view, solver, on_image))
    return max((one.judged() for one in submitted), key=_rank)


def _rank(judged: Judged) -> float:
    return float("-inf") if judged.score is None else judged.score


def _post_spec(fields: Mapping[str, Any]) -> PostSpec:
    return PostSpec(**{**fields, "nms": tuple(fields["nms"])})
