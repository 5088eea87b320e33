"""Places of an FCOS head that learn a box, with what they predict and what they should."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class TaughtBoxes:
    """Boxes of the places that lie in a truth box which their level answers for.

    Attributes:
        rows: (M,) of those places among all, as `rows_of` lists them.
        predicted: (M, 4), xyxy in pixels of the input.
        truth: (M, 4).
    """

    rows: Tensor
    predicted: Tensor
    truth: Tensor


def taught_boxes(head: Any, distances: list[Tensor], truth: Any) -> TaughtBoxes:
    """Which places learn, and their boxes.

    Args:
        head: an FCOS head.
        distances: to the sides of the box, (N, 4, H, W) of each level, as the head predicts them in training.
        truth: of each of the N images.
    """
    sizes = [level.shape[-2:] for level in distances]
    points = head.prior_generator.grid_priors(sizes, dtype=distances[0].dtype, device=distances[0].device)
    labels, targets = head.get_targets(points, truth)
    rows = (torch.cat(labels) < head.num_classes).nonzero().squeeze(1)
    places = torch.cat([level.repeat(len(truth), 1) for level in points])[rows]
    predicted = head.bbox_coder.decode(places, rows_of(distances, 4)[rows])
    return TaughtBoxes(rows, predicted, head.bbox_coder.decode(places, torch.cat(targets)[rows]))


def rows_of(levels: list[Tensor], channels: int) -> Tensor:
    """(N, channels, H, W) of each level -> a row for each place, level by level, as targets lie."""
    return torch.cat([level.permute(0, 2, 3, 1).reshape(-1, channels) for level in levels])
