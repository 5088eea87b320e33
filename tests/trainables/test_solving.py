"""A solver that works elsewhere: the training goes on, and nothing else is different."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from results.layout import TrialLayout
from results.solution import Solution
from trainables.jobs import Rung, Started, TrialJob
from trainables.solving import Pending, PostProblem, Solver, solve_here
from trainables.trial import run_trial

pytestmark = pytest.mark.training


class Elsewhere:
    """Solves when asked for the result; ready when asked for the `ready_at`-th time."""

    def __init__(self, ready_at: int) -> None:
        self.ready_at = ready_at
        self.log: list[str] = []

    def __call__(self, problem: PostProblem) -> Pending:
        self.log.append("submitted")
        return _Later(problem, self)


class _Later:
    def __init__(self, problem: PostProblem, solver: Elsewhere) -> None:
        self.problem, self.solver, self.asked = problem, solver, 0

    def ready(self) -> bool:
        self.asked += 1
        self.solver.log.append("polled")
        return self.asked >= self.solver.ready_at

    def result(self) -> Solution:
        self.solver.log.append("solved")
        return self.problem.solve()


@pytest.fixture
def job(tiny_job: TrialJob) -> TrialJob:
    return replace(tiny_job, params={**tiny_job.params, "epochs": 3}, rungs=(1, 2, 3), views=tiny_job.views * 2)


def reported(job: TrialJob, solver: Solver) -> list[Started | Rung]:
    reports: list[Started | Rung] = []
    run_trial(job, reports.append, solver)
    return reports


def test_scores_and_their_order_are_those_of_solving_here(job: TrialJob) -> None:
    here = reported(job, solve_here)
    assert reported(job, Elsewhere(ready_at=3)) == here
    assert reported(job, Elsewhere(ready_at=1000)) == here


def test_the_training_goes_on_while_a_rung_is_solved(job: TrialJob) -> None:
    """Three iterations an epoch: a rung that is never ready by itself is waited for at the next one."""
    solver = Elsewhere(ready_at=1000)
    reported(job, solver)
    rung = ["submitted", *["polled"] * 4, "solved"]
    assert solver.log == [*rung, *rung, "submitted", "submitted", "solved", "solved"]


def test_the_note_has_no_score_until_it_is_known(job: TrialJob) -> None:
    notes: list[dict[str, object]] = []
    layout = TrialLayout(Path(job.folder))

    class Watching(Elsewhere):
        def __call__(self, problem: PostProblem) -> Pending:
            notes.append(json.loads(layout.checkpoint_note.read_text()))
            return super().__call__(problem)

    def report(event: Started | Rung) -> None:
        if isinstance(event, Rung) and event.epoch < 3:
            assert json.loads(layout.checkpoint_note.read_text()) == {"epoch": event.epoch, "score": event.score}

    run_trial(job, report, Watching(ready_at=2))
    assert notes == [{"epoch": epoch, "score": None} for epoch in (1, 2, 3, 3)]


def test_what_solving_raises_ends_the_trial(job: TrialJob) -> None:
    class Failing(Elsewhere):
        def __call__(self, problem: PostProblem) -> Pending:
            return _Later(replace(problem, seed=-1), self)

    with pytest.raises(ValueError, match="non-negative"):
        reported(job, Failing(ready_at=2))
