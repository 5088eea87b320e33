"""Every value of every train key in `everything.yaml`: it learns one batch in real training steps, and it predicts.

The jobs are those of the space's own dry run, each as small as it trains but for the key in question; that the key
changes what is built is the dry run's to prove.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.runner import Runner
from tiny_detectors import SIZES, tiny_data

from orchestrator.neighbours import question_of
from orchestrator.options import parse_options
from orchestrator.settings import resolve
from results.boxes import truth_from_coco
from search_spaces.loading import load_space
from search_spaces.space import TRAIN
from trainables.catalogue import DETECTORS
from trainables.data.dataset import load_dataset
from trainables.effective import effective_config
from trainables.jobs import TrialJob
from trainables.predict import ImageFile, View, image_files, predict_raw
from trainables.training import Place, predicting, running

pytestmark = pytest.mark.slow

STEPS = 10
# How fast a detector learns is what these say.
PACE = {"lr", "warmup_iters", "lr_scaling", "backbone_lr_factor"}
KEYS = [one.place for one in load_space("everything", DETECTORS).train if one.domain.size() != 1]


@cache
def question(data: Path) -> dict[str, list[tuple[TrialJob, TrialJob]]]:
    """Pairs of jobs that differ in one key, by key."""
    settings = resolve(parse_options(["--space", "everything", "--profile", "full", "--data", str(data)]), None)
    asked = question_of(settings, measure=False)
    return {key.name: [(asked.jobs[a], asked.jobs[b]) for a, b in key.pairs] for key in asked.keys}


def small(job: TrialJob, varied: set[str]) -> dict[str, object]:
    """The job's parameters, those that make it large shrunk; scales to a tenth."""
    sizes = {"norm": "bn", "gradient_clip": 35.0, **SIZES}
    del sizes["backbone"]  # other keys depend on it
    if job.params.get("two_stage"):
        del sizes["embed_dims"]  # it has one width
    shrunk = {name: value for name, value in sizes.items() if name in job.params and name not in varied}
    if "train_scale" in varied:
        shrunk["train_scale"] = re.sub(r"\d+", lambda found: str(int(found[0]) // 10), str(job.params["train_scale"]))
    return {**job.params, **shrunk}


def differing(left: TrialJob, right: TrialJob) -> set[str]:
    return {name for name, value in right.params.items() if left.params.get(name) != value}


def losses(runner: Runner) -> Iterator[float]:
    """The loss of each of so many steps on one batch."""
    torch.manual_seed(0)
    runner.model.init_weights()
    wrapper: Any = runner.build_optim_wrapper(runner.optim_wrapper)
    batch = next(iter(runner.build_dataloader(runner._train_dataloader, seed=0)))
    for _ in range(STEPS):
        yield float(runner.model.train_step(batch, wrapper)["loss"].detach())


def image_of(data: Path) -> ImageFile:
    val = load_dataset(data).val
    return image_files(truth_from_coco(val.annotations).images, val.images)[0]


@pytest.mark.parametrize("key", [key for key in KEYS if key.startswith((TRAIN, "detector"))])
def test_each_value_learns_one_batch_and_predicts(key: str, tiny_dataset: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    for number, (left, right) in enumerate(question(tiny_dataset)[key]):
        varied = differing(left, right) if left.detector == right.detector else set()
        params = small(right, varied)
        assert DETECTORS[right.detector].combination_fault(params) is None
        config = effective_config(right.detector, params, tiny_data(tiny_dataset), seed=0)
        with running(config, Place(tmp_path / str(number))) as runner:
            values = list(losses(runner))
            raw = predict_raw(
                predicting(runner.model).eval(), [image_of(tiny_dataset)], View("96x72", score_floor=0.0), range(10)
            )
        assert all(torch.tensor(values).isfinite()), (right.params, values)
        assert varied & PACE or min(values[-3:]) < values[0], (right.detector, varied, values)
        assert len(raw.scores) and 0 <= raw.scores.min() <= raw.scores.max() <= 1
