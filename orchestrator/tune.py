"""Ray Tune's side of a search: a searcher that asks the study, a scheduler that obeys it, a tuner that runs both.

Tune calls the scheduler before the searcher and does not tell the searcher of a result that stops a trial, so all
decisions are taken in the scheduler. Trial ids are Tune's; ours travels in the trial's configuration, and a trial that
is tried again is a new one to Tune. Tune's own state is never restored: a resumed search is a new Tuner over a study
rebuilt from the ledger.
"""

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ray import tune
from ray.exceptions import RayError
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from orchestrator.boundary import NOT_FREE, Boundary, Forgotten, has_ended, number_of, was_not_free
from orchestrator.jobs import Asked
from orchestrator.losses import kernel_kills, loss_kind, loss_reason
from orchestrator.reports import lose, tell
from orchestrator.slots import Slots
from orchestrator.study import Study
from orchestrator.watchdog import traces_of_hung
from orchestrator.worker import run_in_worker
from results.disk import disk_error_within
from results.errors import DetectionSearchError
from results.layout import TrialLayout, write_atomically

Job = dict[str, Any]
MakeJob = Callable[[Asked], Job]
ExpectHash = Callable[[Job], str]


class StudySearcher(Searcher):
    """Hands out what the study asks for.

    Args:
        study: the search's memory.
        make_job: turns a question into the fields of a `TrialJob`.
        has_room: asked before each trial; Tune's own limit would count trials that it has dropped without a word.

    Attributes:
        fault: what kept the study from answering, as the scheduler's.
    """

    def __init__(self, study: Study, make_job: MakeJob, has_room: Callable[[], bool] = lambda: True) -> None:
        super().__init__()
        self._study = study
        self._make_job = make_job
        self._has_room = has_room
        self.fault: DetectionSearchError | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune pickles its plug-ins for a restore that this project never asks for."""
        return {}

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:  # type: ignore[override]  # FINISHED is a string
        """The next trial's configuration; None for nothing now, or Tune's word for the end."""
        try:
            if not self._has_room():  # Tune has yet to let go of a trial that may have ended: no word of the end
                return Searcher.FINISHED if self._study.is_over() else None
            asked = self._study.next()
        except DetectionSearchError as error:
            self.fault = error
            raise
        if asked is not None:
            # As text: Tune copies a configuration, flattens it, and gets it back with every report.
            return {"number": asked.number, "job": json.dumps(self._make_job(asked))}
        return None if self._study.waits() else Searcher.FINISHED

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Nothing: the scheduler has told the study."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the ledger is the only record."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: the study is rebuilt from the ledger."""


class StudyScheduler(FIFOScheduler):
    """Tells the study what workers report and stops the trials that it stops.

    Args:
        study: the search's memory.
        expect_hash: what a worker should say that it built of a job.
        at_once: trials at once; None for no limit.
        boundary: holds what the study has handed out against what Tune runs.

    Attributes:
        fault: what kept the study from recording a report, and so ends the search; Tune knows no way to pass it on.
    """

    def __init__(
        self, study: Study, expect_hash: ExpectHash, at_once: int | None = None, boundary: Boundary | None = None
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._study = study
        self._expect_hash = expect_hash
        self._at_once = at_once
        self._boundary = Boundary() if boundary is None else boundary
        self._controller: Any = None
        self.fault: DetectionSearchError | None = None
        self._kernel_kills = kernel_kills()

    def __getstate__(self) -> dict[str, Any]:
        """Nothing; see `StudySearcher`."""
        return {}

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:
        """One of our trials begins, for the first time or again."""
        self._boundary.add(trial)
        # Tune would run a trial again by itself where a node was taken away, with the job that it began with.
        trial.run_metadata.num_failures = 1

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        """Called at each of Tune's steps."""
        self._controller = getattr(tune_controller, "_tune_controller", tune_controller)
        self.look_for_forgotten()
        chosen: Trial | None = super().choose_trial_to_run(tune_controller)
        return chosen

    def has_room(self) -> bool:
        """Whether another trial may be handed out; Tune asks for one, at the latest, when it has nothing else to do."""
        self.look_for_forgotten()
        return self._at_once is None or self._boundary.open_trials() < self._at_once

    def look_for_forgotten(self) -> None:
        """Loses every trial that Tune has dropped without a word, so that it is handed out again."""
        for one in self._boundary.forgotten(self._study.handed_out(), self._controller):
            with self._faults_kept():
                self._lose_forgotten(one)
            if one.trial is not None and not has_ended(one.trial):
                self._controller.stop_trial(one.trial)

    def lose_all(self, reason: str) -> None:
        """Loses every trial that runs: Tune itself has ended, and another one takes over."""
        for number in self._study.handed_out():
            lose(self._study, number, reason)

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """One report of a worker."""
        if not self._is_latest(trial):
            return TrialScheduler.STOP
        expected = self._expect_hash(_job_of(trial)) if result["phase"] == "started" else None
        with self._faults_kept():
            stops = tell(self._study, number_of(trial), result, expected)
        return TrialScheduler.STOP if stops else TrialScheduler.CONTINUE

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """The worker died; its trial has no result."""
        self._lose(trial)

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
        """A trial that ends without having said how has lost its worker."""
        self._lose(trial)

    def _lose(self, trial: Trial) -> None:
        # Tune ends a trial after its last report; by then it may run again as another one of Tune's.
        if self._is_latest(trial) and self._study.is_running(number_of(trial)):
            layout = TrialLayout(Path(_job_of(trial)["folder"]))
            said, hung = _error_text(trial), traces_of_hung(layout)
            if said:
                write_atomically(layout.log, "\n".join((said, hung)))
            kind = loss_kind(said, hung, self._new_kernel_kills())
            reason = f"the worker hung; {loss_reason(said, layout.log)}" if hung else loss_reason(said, layout.log)
            with self._faults_kept():
                lose(self._study, number_of(trial), reason, kind)

    def _lose_forgotten(self, one: Forgotten) -> None:
        said = "" if one.trial is None else _error_text(one.trial)
        if was_not_free(said):
            self._study.hand_back(one.number, NOT_FREE)
        else:
            lose(self._study, one.number, f"{one.reason}: {' '.join(said.split())}" if said else one.reason)

    def _new_kernel_kills(self) -> int:
        before, self._kernel_kills = self._kernel_kills, kernel_kills()
        return self._kernel_kills - before

    @contextmanager
    def _faults_kept(self) -> Iterator[None]:
        try:
            yield
        except DetectionSearchError as error:
            self.fault = error
            raise

    def _is_latest(self, trial: Trial) -> bool:
        return self._boundary.is_latest(trial)


def _job_of(trial: Trial) -> Job:
    job: Job = json.loads(trial.config["job"])
    return job


def _error_text(trial: Trial) -> str:
    file = trial.error_file
    return Path(file).read_text(encoding="utf-8", errors="replace") if file and Path(file).is_file() else ""


def bundles(slots: Slots) -> list[dict[str, float]]:
    """What a trial gets of the cluster: its own part, and a core to solve its post tier where it has a GPU."""
    own = {"CPU": slots.cpus, "GPU": slots.gpus} if slots.gpus else {"CPU": slots.cpus}
    return [own, {"CPU": slots.solver_cpus}] if slots.solver_cpus else [own]


def run_search(study: Study, make_job: MakeJob, expect_hash: ExpectHash, slots: Slots, storage: Path) -> None:
    """Runs trials until the study asks for no more, or the user interrupts.

    Args:
        study: decides.
        make_job: see `StudySearcher`.
        expect_hash: see `StudyScheduler`.
        slots: trials at once and what each gets.
        storage: folder for Tune's own files.

    Raises:
        DetectionSearchError: an event could not be recorded.
    """
    # Tune prepares this many trials ahead; with fewer, slots would fill one after the other.
    os.environ["TUNE_MAX_PENDING_TRIALS_PG"] = str(slots.count)
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
    while True:
        scheduler = StudyScheduler(study, expect_hash, slots.count)
        searcher = StudySearcher(study, make_job, scheduler.has_room)
        try:
            _tuner(searcher, scheduler, slots, storage).fit()
            return
        except Exception as error:
            # What the scheduler raises comes back as the text of a traceback; our own errors say what to do.
            fault = scheduler.fault or searcher.fault or disk_error_within(error)
            if fault is not None:
                raise fault from None
            if not (is_rays(error) and study.handed_out()):
                raise
            # Each trial is lost a few times at most, so this ends.
            scheduler.lose_all(f"Ray Tune gave up: {' '.join(str(error).split())}")


def _tuner(searcher: StudySearcher, scheduler: StudyScheduler, slots: Slots, storage: Path) -> tune.Tuner:
    return tune.Tuner(
        tune.with_resources(run_in_worker, tune.PlacementGroupFactory(bundles(slots))),
        tune_config=tune.TuneConfig(
            search_alg=searcher,
            scheduler=scheduler,
            num_samples=-1,
            reuse_actors=True,
            trial_name_creator=lambda trial: f"trial-{number_of(trial):04d}",
            trial_dirname_creator=lambda trial: f"trial-{number_of(trial):04d}-{trial.trial_id}",
        ),
        run_config=tune.RunConfig(
            name="tune",
            storage_path=str(storage.resolve()),
            verbose=0,
            failure_config=tune.FailureConfig(max_failures=0),  # whether a trial is tried again is the study's decision
        ),
    )


def is_rays(error: BaseException | None) -> bool:
    """Whether an error began as one of Ray's own, as Tune passes on a worker that was killed while it started."""
    while error is not None and not isinstance(error, RayError):
        error = error.__cause__
    return error is not None
