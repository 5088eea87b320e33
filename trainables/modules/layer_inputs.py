"""What a layer is given while something larger runs: how a head of ours comes by features that mmdet's keeps to itself.

Nothing is left on the layer, and nothing is kept once the caller drops the list.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn


@contextmanager
def inputs_of(layer: nn.Module) -> Iterator[list[Tensor]]:
    """A list that fills with the layer's first input, call by call."""
    found: list[Tensor] = []

    def note(_layer: nn.Module, given: tuple[Any, ...]) -> None:
        found.append(given[0])

    handle = layer.register_forward_pre_hook(note)
    try:
        yield found
    finally:
        handle.remove()
