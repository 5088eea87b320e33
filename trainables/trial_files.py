"""The files that a trial writes into its folder. What they hold is decided elsewhere."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from torch import nn

from results.boxes import write_detections, write_truth
from results.layout import TrialLayout, write_atomically
from results.solution import apply_solution
from results.solve_store import RawSet, sweep_stored
from results.trial_manifest import prepared_files, write_manifest
from trainables.effective import ConfigDict
from trainables.jobs import TrialJob
from trainables.judging import Judged, Validation
from trainables.trained_on import TrainedOn
from trainables.weights import save_weights


def trial_folder(job: TrialJob) -> TrialLayout:
    """The job's folder: empty for a trial that starts anew, as it is for one that goes on from its checkpoint."""
    folder = Path(job.folder)
    # A folder without a manifest is what a killed worker left; nothing finished is in it.
    if folder.exists() and job.start_epoch == 0:
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return TrialLayout(folder)


def write_config(layout: TrialLayout, job: TrialJob, config: ConfigDict, validation: Validation, digest: str) -> None:
    """The effective configuration, beside the job that asked for it."""
    content = {
        "config_hash": digest,
        "job": job.to_dict(),
        "category_ids": list(validation.data.category_ids),
        "mmengine": config,
    }
    write_atomically(layout.config, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def write_result(
    layout: TrialLayout,
    model: nn.Module,
    best: Judged,
    validation: Validation,
    summary: Mapping[str, object],
    seen: TrainedOn,
) -> None:
    """Everything that a finished trial leaves, the manifest last."""
    write_truth(layout.truth, validation.truth)
    sweep_stored(layout.prepared, RawSet(validation.truth, best.raw, validation.rule), validation.post, validation.seed)
    write_detections(layout.raw, best.raw, best.view.metadata())
    write_detections(layout.detections, apply_solution(best.raw, best.solution), best.view.metadata())
    save_weights(model, layout.weights, seen, validation.data.class_names)
    outcome = {"view": asdict(best.view), "solution": best.solution.to_dict(), "summary": dict(summary)}
    write_atomically(layout.outcome, json.dumps(outcome, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    files = (layout.config, layout.truth, layout.raw, layout.detections, layout.weights, layout.outcome)
    write_manifest(layout, (*files, *prepared_files(layout)))
