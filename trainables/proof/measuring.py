"""Times one iteration of a job's training and one predicted image, and counts what they keep in memory.

On a GPU always; on a CPU only where an iteration takes seconds: a full-size one would take minutes and all of the
machine's memory. Nothing is kept of the training.
"""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from mmengine.runner import Runner
from torch.autograd.graph import saved_tensors_hooks

from trainables.data.dataset import load_dataset, load_truth
from trainables.failures import failure_reason
from trainables.jobs import TrialJob
from trainables.modules.branches import leaves
from trainables.predict import View, image_files, predict_raw
from trainables.proof.building import QuietRunner, begin
from trainables.proof.exchange import Iteration
from trainables.training import Place, device, predicting, register_mmdet, running, use_threads

# Pixels of a batch times numbers in the model; about three seconds on one thread.
_QUICK = 2e12
_LONG_S = 3.0
_TIMED = 2
_IMAGES = 3


def measured(job: TrialJob, config: Mapping[str, Any]) -> Iteration:
    """One iteration of the job's training, or what is known without it.

    Args:
        job: its data set is read, its first view predicted.
        config: its effective configuration.
    """
    register_mmdet()
    use_threads(job.threads)
    with tempfile.TemporaryDirectory() as folder, running(config, Place(Path(folder)), QuietRunner) as runner:
        begin(runner)
        known = Iteration(
            device=torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
            parameters=sum(one.numel() for one in runner.model.parameters()),
            per_epoch=len(runner.train_dataloader),
            epochs=runner.max_epochs,
        )
        try:
            return _iteration(job, runner, known)
        except Exception as error:  # memory, an image: the proof stands without it
            return replace(known, reason=failure_reason(error))


def _iteration(job: TrialJob, runner: Runner, known: Iteration) -> Iteration:
    batches = _endless(runner)
    first = next(batches)
    pixels = sum(one.shape[-1] * one.shape[-2] for one in leaves(first["inputs"]))
    if known.device == "cpu" and pixels * known.parameters > _QUICK:
        return replace(known, reason=f"a CPU takes minutes for {len(first['inputs'])} such images")
    runner.model.to(device())
    return _timed(job, runner, [first, *islice(batches, _TIMED)], known)


def _timed(job: TrialJob, runner: Runner, batches: Sequence[Any], known: Iteration) -> Iteration:
    """The first batch warms up and shows what is kept; the others are timed, unless the first took long enough."""
    model = runner.model
    model.init_weights()
    model.train()
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    started = _now()
    with _counting_activations(runner) as kept:
        model.train_step(batches[0], runner.optim_wrapper)
    seconds = _now() - started
    if seconds < _LONG_S:
        started = _now()
        for batch in batches[1:]:
            model.train_step(batch, runner.optim_wrapper)
        seconds = (_now() - started) / len(batches[1:])
    return replace(
        known,
        seconds=seconds,
        peak_bytes=torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None,
        image_seconds=_image_seconds(job, runner),
        activation_bytes=sum(kept.values()),
        state_bytes=_state_bytes(runner),
    )


def _image_seconds(job: TrialJob, runner: Runner) -> float:
    dataset = load_dataset(Path(job.dataset))
    images = image_files(load_truth(dataset, dataset.val).images, dataset.val.images)[:_IMAGES]
    labels = runner.train_dataloader.dataset.category_ids
    view = View(**job.views[0])
    model = predicting(runner.model).eval()
    predict_raw(model, images[:1], view, labels)
    started = _now()
    predict_raw(model, images, view, labels)
    return (_now() - started) / len(images)


def _endless(runner: Runner) -> Iterator[Any]:
    while True:
        yield from runner.train_dataloader


@contextmanager
def _counting_activations(runner: Runner) -> Iterator[dict[int, int]]:
    """Bytes by storage of what autograd keeps for the backward pass; weights are no activations."""
    weights = {one.untyped_storage().data_ptr() for one in runner.model.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        yield kept


def _state_bytes(runner: Runner) -> int:
    """Weights, their gradients and the optimizer's state."""
    tensors = [
        one for state in runner.optim_wrapper.optimizer.state.values() for one in state.values() if torch.is_tensor(one)
    ]
    for parameter in runner.model.parameters():
        tensors += [parameter] * (2 if parameter.requires_grad else 1)  # a gradient is as large; it is gone by now
    return sum(one.numel() * one.element_size() for one in tensors)


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()
