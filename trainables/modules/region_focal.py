"""Focal loss for the heads of a two-stage detector: a sigmoid for each class, and no output for the background.

mmdet's focal loss is made for dense heads. A region head with it alone would keep a background output and predict with
softmax; this loss tells the head how many outputs it has and what they mean, through mmdet's own seam
(`custom_cls_channels`).

Source: Lin et al., Focal Loss for Dense Object Detection (ICCV 2017).
"""

import torch
from mmdet.registry import MODELS
from torch import Tensor

from trainables.modules.class_weighted_focal import ClassWeightedFocalLoss


@MODELS.register_module()
class RegionFocalLoss(ClassWeightedFocalLoss):
    """Focal loss over (N, C) logits; label C is the background."""

    custom_cls_channels = True
    custom_activation = True

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
        """The loss; a value (N,) for each region where `reduction_override` is "none", for samplers of hard ones."""
        loss = super().forward(logits, labels, weight, avg_factor, reduction_override)
        return loss.sum(dim=-1) if reduction_override == "none" else loss
