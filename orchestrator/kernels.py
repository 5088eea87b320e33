"""Asks a worker that holds a trial's share of a GPU whether mmcv was compiled for it, before a search writes anything.

The machine of the driver may be another one, and has no torch loaded. On CPUs there is nothing to ask: mmcv's kernels
for them are always built. A trial asks once more on the device that it really has.
"""

import ray

from orchestrator.slots import Slots
from orchestrator.spaces import reads_data
from results.errors import InputError
from search_spaces.space import Space

Fault = tuple[str, str, str]


def check_worker_kernels(space: Space, slots: Slots) -> None:
    """Refuses a cluster whose GPUs mmcv has no kernels for.

    Args:
        space: a detector that reads no images runs no kernel.
        slots: what a trial gets.

    Raises:
        InputError: with the remedy.
    """
    if slots.gpus == 0 or not reads_data(space):
        return
    ask = ray.remote(num_cpus=slots.cpus, num_gpus=slots.gpus)(kernels_fault)
    fault = ray.get(ask.remote())
    if fault is not None:
        raise InputError(*fault)


def kernels_fault() -> Fault | None:
    """What speaks against the device of this process, None where nothing does."""
    from trainables.training import check_kernels, device

    try:
        check_kernels(device())
    except InputError as error:
        return error.rule, error.received, error.remedy
    return None
