"""Focal loss for the heads of a two-stage detector: a sigmoid for each class, and no output for the background.

mmdet's focal loss is made for dense heads. A region head with it alone would keep a background output and predict with
softmax; this loss tells the head how many outputs it has and what they mean, through mmdet's own seam
(`custom_cls_channels`).

Source: Lin et al., Focal Loss for Dense Object Detection (ICCV 2017).
"""

from collections.abc import Sequence

import torch
from mmdet.models.losses import FocalLoss
from mmdet.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class RegionFocalLoss(FocalLoss):  # type: ignore[misc]  # mmdet is untyped
    """Focal loss over (N, C) logits; label C is the background.

    Args:
        class_weight: C factors of the classes' columns; None for 1.
        options: mmdet's own (`gamma`, `alpha`, `loss_weight`).
    """

    custom_cls_channels = True
    custom_activation = True

    def __init__(self, class_weight: Sequence[float] | None = None, **options: float) -> None:
        super().__init__(**options)
        self.class_weight = class_weight

    def get_cls_channels(self, num_classes: int) -> int:
        """Outputs of the head: one a class."""
        return num_classes

    def get_activation(self, logits: Tensor) -> Tensor:
        """Scores (N, C + 1): a sigmoid for each class; the last column is what the best class leaves."""
        scores = logits.sigmoid()
        background = 1 - scores.amax(dim=-1, keepdim=True)
        return torch.cat([scores, background], dim=-1)

    def get_accuracy(self, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The share of objects, in percent, whose best class is the right one."""
        objects = labels < logits.shape[-1]
        right = (logits.argmax(dim=-1) == labels)[objects]
        return {"acc": 100 * right.float().sum() / max(len(right), 1)}

    def forward(
        self,
        logits: Tensor,
        labels: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """The loss; a value (N,) for each region where `reduction_override` is "none", for samplers of hard ones.

        Args:
            logits: (N, C).
            labels: (N,) from 0 to C.
            weight: (N,) of the regions.
            avg_factor: what the sum is divided by.
            reduction_override: as mmdet's.
        """
        weights = logits.new_ones(logits.shape) if weight is None else weight[:, None].expand_as(logits)
        if self.class_weight is not None:
            weights = weights * logits.new_tensor(self.class_weight)
        loss: Tensor = super().forward(logits, labels, weights, avg_factor, reduction_override)
        return loss.sum(dim=-1) if reduction_override == "none" else loss
