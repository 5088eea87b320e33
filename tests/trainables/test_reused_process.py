"""A worker runs many trials in one process: none leaves anything behind for the next."""

import ctypes
import gc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from mmengine.utils import ManagerMixin
from tiny_detectors import tiny, tiny_data

from trainables.effective import effective_config
from trainables.freed_memory import memory_freed
from trainables.jobs import TrialJob
from trainables.training import Place, register_mmdet, running
from trainables.trial import run_trial

MIB = 2**20


def live_tensors() -> list[tuple[int, ...]]:
    """Shapes of all tensors that Python knows."""
    gc.collect()
    return sorted(tuple(one.shape) for one in gc.get_objects() if issubclass(type(one), torch.Tensor))


def global_instances() -> set[tuple[str, str]]:
    """What mmengine keeps by name."""
    return {(kind.__name__, name) for kind in _kinds(ManagerMixin) for name in kind._instance_dict}


def _kinds(kind: type) -> Iterator[type]:
    yield kind
    for one in kind.__subclasses__():
        yield from _kinds(one)


def resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / MIB


@pytest.mark.training
def test_a_trial_leaves_no_tensor_and_no_global_instance(tiny_job: TrialJob) -> None:
    run_trial(replace(tiny_job, detector="fcos", params=tiny("fcos")), lambda report: None)
    tensors, instances = live_tensors(), global_instances()  # of the process, which the first trial has begun
    run_trial(replace(tiny_job, detector="faster_rcnn", params=tiny("faster_rcnn")), lambda report: None)
    assert live_tensors() == tensors
    assert global_instances() == instances


@pytest.mark.training
def test_nor_does_one_whose_model_cannot_be_built(tiny_dataset: Path, tmp_path: Path) -> None:
    register_mmdet()
    instances = global_instances()
    config = effective_config("fcos", tiny("fcos"), tiny_data(tiny_dataset), seed=0)
    with pytest.raises(KeyError), running({**config, "model": {"type": "Nothing"}}, Place(tmp_path)):
        pass
    assert global_instances() == instances


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library than glibc")
def test_free_pages_go_back_to_the_system() -> None:
    with memory_freed():
        before = resident_mib()
        blocks = [bytearray(64 * 1024) for _ in range(3_000)]
        above = bytearray(64 * 1024)  # keeps the heap from ending below it
        filled = resident_mib() - before
        blocks.clear()
    assert filled > 150
    assert resident_mib() - before < 0.2 * filled
    assert above
