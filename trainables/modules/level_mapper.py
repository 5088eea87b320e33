"""Levels for attention: as many of a backbone's stages as are wanted, from the first that is, in one width."""

from collections.abc import Sequence
from typing import Any

from mmdet.models.necks import ChannelMapper
from torch import Tensor


class LevelMapper(ChannelMapper):  # type: ignore[misc]  # mmdet is untyped
    """mmdet's ChannelMapper, which takes every stage that a backbone puts out, over some of them.

    Args:
        in_channels: of every stage that the backbone puts out.
        start_level: the first that is used.
        num_outs: levels to put out; stages beyond are not used, and what they lack is convolved from the last.
        options: `ChannelMapper`'s own.
    """

    def __init__(self, in_channels: Sequence[int], start_level: int, num_outs: int, **options: Any) -> None:
        self.used = slice(start_level, start_level + num_outs)
        super().__init__(in_channels=list(in_channels)[self.used], num_outs=num_outs, **options)

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Every level (N, C, H, W), finest first."""
        levels: tuple[Tensor, ...] = super().forward(inputs[self.used])
        return levels
