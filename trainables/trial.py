"""One trial of an mmdet detector: train, predict raw detections, have the post tier solved, write, report.

    start anew, or read the checkpoint                                    -> Started
    train to a rung, write the checkpoint, predict, hand to the solver    -> Rung, once it is solved; training goes on
    last epoch: write the checkpoint, try every view, write the result    -> Rung, Finished

A worker that is lost on the way costs what was trained since the latest rung, and nothing in the last line. Knows
neither Ray nor Optuna: `report` and `solver` are the seams. The trial's folder is the only place it writes to.
"""

from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from mmengine.runner import Runner
from torch import nn

from results.boxes import truth_from_coco
from results.coco_table import coco_numbers
from results.errors import InputError
from results.layout import TrialLayout
from results.solution import apply_solution
from trainables.averaging import Averaged
from trainables.catalogue import DETECTORS
from trainables.checkpoint import Checkpoint, read_checkpoint, write_checkpoint, write_note
from trainables.data.dataset import Dataset, load_dataset
from trainables.data.left_out import openable
from trainables.data.unlabelled import no_unlabelled, unlabelled_prints
from trainables.detectors.teaching import is_taught
from trainables.device_needs import check_device
from trainables.effective import trial_config, trial_hash
from trainables.epoch_weights import EpochWeights
from trainables.freed_memory import memory_freed
from trainables.jobs import Finished, Report, Rung, Started, TrialJob
from trainables.judging import Judged, Submitted, Validation, best_view, submit, validation_of
from trainables.labels import trial_words
from trainables.notation import NONE
from trainables.predict import View
from trainables.solving import Solver, solve_here
from trainables.speed import ms_per_image
from trainables.trained_on import TrainedOn, trained_on
from trainables.training import Course, Place, check_kernels, device, predicting, train, use_threads
from trainables.trial_clock import TrialClock
from trainables.trial_files import trial_folder, write_config, write_result


def run_trial(job: TrialJob, report: Report, solver: Solver = solve_here) -> Finished:
    """Runs one trial to its end.

    Args:
        job: what to run.
        report: told of the start and of each rung; an exception from it ends the trial.
        solver: of the post tier; one that works elsewhere lets the training go on meanwhile.

    Returns:
        The score of the best view and a summary for the ledger. The checkpoint is left for the caller, who knows when
        the result is on record.

    Raises:
        InputError: the data or a parameter is wrong.
        BadConfigurationError: nothing can be built.
        NanLossError: the training diverged.
        TimeoutError: the job's time limit is passed.
    """
    _check_combination(job)
    use_threads(job.threads)
    with memory_freed():
        return _run(job, _Ways(report, solver))


@dataclass(frozen=True)
class _Ways:
    """The ways out of a trial."""

    report: Report
    solver: Solver


def _run(job: TrialJob, ways: _Ways) -> Finished:
    dataset = load_dataset(Path(job.dataset))
    _check_unlabelled(job, dataset)
    validation = validation_of(job, dataset)
    config, digest = trial_config(job, validation.data), trial_hash(job, validation.data)
    check_device(config, on_gpu=device().type == "cuda")
    check_kernels(device())
    layout = trial_folder(job)
    checkpoint = read_checkpoint(layout) if job.start_epoch else None
    write_config(layout, job, config, validation, digest)
    ways.report(Started(digest, checkpoint.epoch if checkpoint else 0))
    attempt = _Attempt(job, layout, validation, checkpoint, ways)
    model = train(config, Place(layout.folder, job.loader_workers), Course(job.rungs, attempt, checkpoint))
    return attempt.finish(model)


class _Attempt:
    """A trial from its start or its checkpoint on: what happens beside the training. An `Observer`."""

    def __init__(
        self, job: TrialJob, layout: TrialLayout, validation: Validation, checkpoint: Checkpoint | None, ways: _Ways
    ) -> None:
        self._job, self._layout, self._validation, self._ways = job, layout, validation, ways
        self._views = tuple(View(**fields) for fields in job.views)
        self._kept = EpochWeights(layout, [view.average for view in self._views], lambda: self._seen)
        self._last = int(str(job.params["epochs"]))
        self._noted = checkpoint.score if checkpoint else None
        self._clock = TrialClock(checkpoint.elapsed_s if checkpoint else 0.0, job.time_limit_s)
        self._waiting: tuple[int, Submitted] | None = None

    def resumed(self, model: nn.Module, epoch: int) -> None:
        """Reports the checkpoint's rung once more, judged if it was not; the last one is the final sweep's."""
        self._kept.forget_after(epoch)
        if epoch == self._last:
            return
        if self._noted is None:
            self._judge(predicting(model), epoch)
        else:
            self._ways.report(Rung(epoch, self._noted))

    def iteration(self) -> None:
        """Reports a rung that was solved meanwhile."""
        self._clock.check()
        if self._waiting is not None and self._waiting[1].pending.ready():
            self._settle()

    def rung(self, runner: Runner, epoch: int) -> None:
        """Writes the checkpoint and has the model judged, after the rung before."""
        self._settle()
        self._kept.write(predicting(runner.model), epoch)
        write_checkpoint(self._layout, runner, epoch, self._clock.elapsed_s())
        if epoch != self._last:
            self._judge(predicting(runner.model), epoch)

    def finish(self, model: nn.Module) -> Finished:
        """Tries every view of the trained model and writes the trial's files."""
        self._settle()
        best = self._best(model)
        self._ways.report(Rung(self._last, best.score))
        summary = _summary(self._job, model, best, self._validation, self._clock.elapsed_s())
        write_result(self._layout, model, best, self._validation, summary, self._seen)
        self._kept.remove()
        return Finished(best.score, summary)

    def _best(self, model: nn.Module) -> Judged:
        """The best view; the model has its weights afterwards."""
        if self._kept.ranks:
            last = submit(model, self._validation, self._views[0], self._ways.solver, self._clock.check)
            self._kept.note(self._last, last.judged().score)
        averaged = Averaged(model, self._kept, trial_config(self._job, self._validation.data))
        views = [(view, partial(averaged.wear, view.average)) for view in self._views]
        best = best_view(model, self._validation, views, self._ways.solver, self._clock.check)
        averaged.wear(best.view.average)
        return best

    @cached_property
    def _seen(self) -> TrainedOn:
        """Reads every training image, so it is asked for once, where weights are written."""
        data, start = self._validation.data, str(self._job.params["init"])
        truth, folder = truth_from_coco(Path(data.annotations)), Path(data.images)
        names = (openable(truth, folder) if data.allow_damaged else truth).images.file_name
        seen = trained_on(folder, names, None if start == NONE else Path(start))
        source = load_dataset(Path(self._job.dataset)).unlabelled
        return seen.and_also(unlabelled_prints(source)) if is_taught(self._job.params) and source else seen

    def _judge(self, model: nn.Module, epoch: int) -> None:
        submitted = submit(model, self._validation, self._views[0], self._ways.solver, self._clock.check)
        self._waiting = (epoch, submitted)
        if submitted.pending.ready():
            self._settle()

    def _settle(self) -> None:
        """Waits for the rung that is being solved, notes its score and reports it."""
        if self._waiting is None:
            return
        epoch, submitted = self._waiting
        self._waiting = None
        score = submitted.judged().score
        self._kept.note(epoch, score)
        write_note(self._layout, epoch, score)
        self._ways.report(Rung(epoch, score))


def _check_unlabelled(job: TrialJob, dataset: Dataset) -> None:
    if is_taught(job.params) and dataset.unlabelled is None:
        raise no_unlabelled(dataset.path)


def _check_combination(job: TrialJob) -> None:
    # A sampler may combine values that exclude each other; the loader has checked the default and known points only.
    fault = DETECTORS[job.detector].combination_fault(job.params)
    if fault is not None:
        raise InputError("a trial's parameters go together", f"trial {job.number}", fault)


def _summary(
    job: TrialJob, model: nn.Module, best: Judged, validation: Validation, train_s: float
) -> dict[str, object]:
    detections = apply_solution(best.raw, best.solution)
    return {
        **trial_words(job.detector, job.params),
        "param_m": round(sum(parameter.numel() for parameter in model.parameters()) / 1e6, 3),
        "fps": round(best.images_per_s, 2),
        "ms_per_image": ms_per_image(model, validation.images, best.view),
        "idle": not job.shared_device,
        "coco": coco_numbers(validation.truth, detections),
        "interval": best.solution.to_dict()["interval"],
        "train_s": round(train_s, 2),
        "view": best.view.summary(),
        "nms": best.solution.global_setting.label(),
        "settings": {str(category): one.label() for category, one in best.solution.setting_of.items()},
    }
