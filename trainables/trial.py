"""One trial of an mmdet detector: train, predict raw detections, solve the post tier, write, report.

Knows neither Ray nor Optuna: `report` is the seam. The trial's folder is the only place it writes to.
"""

import gc
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from results.boxes import Detections, Truth, write_detections, write_truth
from results.coco_table import coco_numbers
from results.errors import InputError
from results.groups import group_of_image
from results.layout import TrialLayout, write_atomically
from results.postprocess import PostSpec
from results.rules import Rule, load_rule
from results.solve import Solution, apply_solution, solve
from results.solve_store import RawSet, sweep_stored
from trainables.catalogue import DETECTORS
from trainables.data.dataset import Dataset, load_dataset, load_truth
from trainables.effective import ConfigDict, training_data, trial_config, trial_hash
from trainables.jobs import Finished, Report, Rung, Started, TrialJob
from trainables.predict import ImageFile, View, image_files, predict_raw
from trainables.training import Place, train, use_threads
from trainables.weights import save_weights


@dataclass(frozen=True)
class _Validation:
    """The validation images and how they are judged."""

    images: Sequence[ImageFile]
    truth: Truth
    rule: Rule
    post: PostSpec
    category_ids: tuple[int, ...]
    seed: int
    group_of_image: Mapping[int, int] | None


@dataclass(frozen=True)
class _Solved:
    """One view of the validation images with its post tier solved."""

    view: View
    raw: Detections
    solution: Solution
    images_per_s: float


def run_trial(job: TrialJob, report: Report) -> Finished:
    """Runs one trial to its end.

    Args:
        job: what to run.
        report: told of the start and of each rung; an exception from it ends the trial.

    Returns:
        The score of the best view and a summary for the ledger.

    Raises:
        InputError: the data or a parameter is wrong.
        NanLossError: the training diverged.
    """
    # Once more here: a trial that was stopped or failed leaves its model behind until its exception is gone.
    _free_device_memory()
    _check_combination(job)
    use_threads(job.threads)
    layout = _fresh_folder(Path(job.folder))
    dataset = load_dataset(Path(job.dataset))
    validation = _validation(job, dataset)
    data = training_data(dataset, validation.truth.categories, validation.rule)
    config, digest = trial_config(job, data), trial_hash(job, data)
    _write_config(layout, job, config, validation, digest)
    report(Started(digest))
    try:
        return _train_and_judge(job, layout, config, validation, report)
    finally:
        _free_device_memory()


def _train_and_judge(
    job: TrialJob, layout: TrialLayout, config: ConfigDict, validation: _Validation, report: Report
) -> Finished:
    views = tuple(View(**fields) for fields in job.views)
    last = int(str(job.params["epochs"]))
    finals: list[_Solved] = []

    def on_rung(model: nn.Module, epoch: int) -> None:
        # A rung judges by the first view; at the last epoch every view is tried and the rung's work is the final's.
        judged = [_judge(model, validation, view) for view in (views if epoch == last else views[:1])]
        best = max(judged, key=_rank)
        if epoch == last:
            finals.append(best)
        report(Rung(epoch, best.solution.score.score))

    started = time.monotonic()
    model = train(config, Place(layout.folder, job.loader_workers), job.rungs, on_rung)
    if not finals:  # no epoch at all: the untrained model is judged
        on_rung(model, last)
    best = finals[-1]
    summary = _summary(job, model, best, validation, time.monotonic() - started)
    write_truth(layout.truth, validation.truth)
    raw_set = RawSet(validation.truth, best.raw, validation.rule)
    sweep_stored(layout.prepared, raw_set, validation.post, validation.seed)
    _write_outcome(layout, model, best, summary)
    return Finished(best.solution.score.score, summary)


def _judge(model: nn.Module, validation: _Validation, view: View) -> _Solved:
    started = time.monotonic()
    raw = predict_raw(model, validation.images, view, validation.category_ids)
    elapsed_s = time.monotonic() - started
    solution = solve(
        validation.truth, raw, validation.rule, validation.post, validation.seed, validation.group_of_image
    )
    return _Solved(view, raw, solution, len(validation.images) / max(elapsed_s, 1e-9))


def _rank(solved: _Solved) -> float:
    score = solved.solution.score.score
    return float("-inf") if score is None else score


def _validation(job: TrialJob, dataset: Dataset) -> _Validation:
    truth = load_truth(dataset, dataset.val)
    rule = load_rule(job.rule)
    files = image_files(truth.images, dataset.val.images)
    ids = training_data(dataset, truth.categories, rule).category_ids
    groups = group_of_image(dataset.group_by, truth.images)
    return _Validation(files, truth, rule, _post_spec(job.post), ids, job.seed, groups)


def _check_combination(job: TrialJob) -> None:
    # A sampler may combine values that exclude each other; the loader has checked the default and known points only.
    fault = DETECTORS[job.detector].combination_fault(job.params)
    if fault is not None:
        raise InputError("a trial's parameters go together", f"trial {job.number}", fault)


def _post_spec(fields: Mapping[str, Any]) -> PostSpec:
    return PostSpec(**{**fields, "nms": tuple(fields["nms"])})


def _fresh_folder(folder: Path) -> TrialLayout:
    # A folder without a manifest is what a killed worker left; nothing finished is in it.
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return TrialLayout(folder)


def _write_config(layout: TrialLayout, job: TrialJob, config: ConfigDict, validation: _Validation, digest: str) -> None:
    content = {
        "config_hash": digest,
        "job": job.to_dict(),
        "category_ids": list(validation.category_ids),
        "mmengine": config,
    }
    write_atomically(layout.config, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _write_outcome(layout: TrialLayout, model: nn.Module, best: _Solved, summary: Mapping[str, object]) -> None:
    write_detections(layout.raw, best.raw, best.view.metadata())
    write_detections(layout.detections, apply_solution(best.raw, best.solution), best.view.metadata())
    save_weights(model, layout.weights)
    outcome = {"view": asdict(best.view), "solution": best.solution.to_dict(), "summary": dict(summary)}
    write_atomically(layout.outcome, json.dumps(outcome, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    files = (layout.config, layout.truth, layout.raw, layout.detections, layout.weights, layout.outcome)
    manifest = {"files": {path.name: path.stat().st_size for path in files}}
    write_atomically(layout.manifest, json.dumps(manifest, indent=1) + "\n")


def _summary(
    job: TrialJob, model: nn.Module, best: _Solved, validation: _Validation, train_s: float
) -> dict[str, object]:
    detections = apply_solution(best.raw, best.solution)
    scheduled = job.params["lr_steps"] if job.params["schedule"] == "step" else "cosine"
    return {
        "model": job.detector,
        "backbone": job.params["backbone"],
        "schedule": f"{job.params['epochs']}e {scheduled}",
        "param_m": round(sum(parameter.numel() for parameter in model.parameters()) / 1e6, 3),
        "fps": round(best.images_per_s, 2),
        "coco": coco_numbers(validation.truth, detections),
        "interval": best.solution.to_dict()["interval"],
        "train_s": round(train_s, 2),
        "view": {"scale": best.view.scale, "flip": best.view.flip},
        "nms": best.solution.global_setting.label(),
        "settings": {str(category): one.label() for category, one in best.solution.setting_of.items()},
    }


def _free_device_memory() -> None:
    # Workers are reused: what a finished trial holds, the next one lacks.
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
