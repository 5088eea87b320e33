"""Batches of labelled and unlabelled images: from the loader's nested lists to one batch for each branch.

mmengine's collation gives, for each branch, a tuple over the batch for every image that an item holds of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from mmdet.models.data_preprocessors import MultiBranchDataPreprocessor


class BranchPreprocessor(MultiBranchDataPreprocessor):  # type: ignore[misc]  # mmdet is untyped
    """mmdet's, for any number of unlabelled images beside each labelled one."""

    def forward(self, data: Mapping[str, Any], training: bool = False) -> Any:
        """Normalised and padded images by branch in training; else as the detector's own preprocessor."""
        if not training:
            return super().forward(data, False)
        flat = {key: {branch: list(chain(*groups)) for branch, groups in one.items()} for key, one in data.items()}
        return super().forward(flat, True)


def leaves(values: Any) -> Iterator[Any]:
    """The images of a batch, or their descriptions, in whatever lists they lie."""
    if isinstance(values, Mapping):
        for inner in values.values():
            yield from leaves(inner)
    elif isinstance(values, list | tuple):
        for inner in values:
            yield from leaves(inner)
    else:
        yield values


def batch_size(values: Any) -> int:
    """Labelled images of a batch: of plain lists, or of tuples for each branch."""
    if isinstance(values, Mapping):
        return batch_size(next(iter(values.values())))
    return len(values[0]) if isinstance(values[0], tuple) else len(values)


def part(values: Any, start: int, stop: int) -> Any:
    """What belongs to some of the labelled images."""
    if isinstance(values, Mapping):
        return {name: part(inner, start, stop) for name, inner in values.items()}
    cut: Sequence[Any] = [one[start:stop] for one in values] if isinstance(values[0], tuple) else values[start:stop]
    return cut
