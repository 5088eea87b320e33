"""Focal loss in which each class has a weight; mmdet's has one for all.

Source: Lin et al., Focal Loss for Dense Object Detection (ICCV 2017).
"""

from collections.abc import Sequence

from mmdet.models.losses import FocalLoss
from mmdet.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class ClassWeightedFocalLoss(FocalLoss):  # type: ignore[misc]  # mmdet is untyped
    """Focal loss over (N, C) logits; label C is the background.

    Args:
        class_weight: C factors of the classes' columns; None for 1.
        options: mmdet's own (`gamma`, `alpha`, `loss_weight`).
    """

    def __init__(self, class_weight: Sequence[float] | None = None, **options: float) -> None:
        super().__init__(**options)
        self.class_weight = class_weight

    def forward(
        self,
        logits: Tensor,
        labels: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """The loss.

        Args:
            logits: (N, C).
            labels: (N,) from 0 to C.
            weight: (N,) of the places or regions.
            avg_factor: what the sum is divided by.
            reduction_override: as mmdet's.
        """
        weights = logits.new_ones(logits.shape) if weight is None else weight[:, None].expand_as(logits)
        if self.class_weight is not None:
            weights = weights * logits.new_tensor(self.class_weight)
        loss: Tensor = super().forward(logits, labels, weights, avg_factor, reduction_override)
        return loss
