"""The states of every random generator that a training draws from: Python's, NumPy's and torch's, on CPU and GPU.

As plain numbers and tensors, so that a checkpoint that holds them is read without running anything. Seeds nothing:
mmengine does, from the configuration.
"""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def random_states() -> dict[str, Any]:
    """The states now."""
    name, keys, position, has_gauss, gauss = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": (str(name), np.asarray(keys).tolist(), position, has_gauss, gauss),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random_states(states: Mapping[str, Any]) -> None:
    """Everything drawn from now on is what was drawn after `random_states` gave these."""
    version, keys, gauss = states["python"]
    random.setstate((version, tuple(keys), gauss))
    name, numbers, position, has_gauss, cached = states["numpy"]
    np.random.set_state((name, np.array(numbers, dtype=np.uint32), position, has_gauss, cached))
    torch.set_rng_state(states["torch"])
    if torch.cuda.is_available() and states["cuda"]:
        torch.cuda.set_rng_state_all(states["cuda"])


@contextmanager
def randomness_kept() -> Iterator[None]:
    """What is drawn inside has no influence on what is drawn afterwards."""
    states = random_states()
    try:
        yield
    finally:
        restore_random_states(states)
