"""FCOSTD's head: FCOS with an auxiliary branch that tells objects from background and guesses boxes first.

        x -- conv -- objectness o            class tower reads x + x sigmoid(o)
        x -- conv -- feature f -- boxes      box tower reads f

The branch is shared by all levels and ignored at inference. All else is FCOS. Source: the competition log that this
project replays (its rows "fcostd"); written from its description.
"""

from typing import Any

import torch
from mmcv.cnn import ConvModule
from mmdet.models.dense_heads import FCOSHead
from mmdet.registry import MODELS
from mmdet.utils import reduce_mean
from torch import Tensor, nn

from trainables.modules.fcos_places import rows_of, taught_boxes

_OUTPUTS_AT_INFERENCE = 3


class FCOSTDHead(FCOSHead):  # type: ignore[misc]  # mmdet is untyped
    """See the module.

    Args:
        loss_objectness: configuration of the loss that tells objects from background.
        loss_auxiliary: configuration of the auxiliary boxes' loss; places weigh the same, whatever their centerness.
        options: FCOSHead's.
    """

    in_channels: int

    def __init__(self, loss_objectness: dict[str, Any], loss_auxiliary: dict[str, Any], **options: Any) -> None:
        super().__init__(**options)
        self.loss_objectness = MODELS.build(loss_objectness)
        self.loss_auxiliary = MODELS.build(loss_auxiliary)

    def _init_layers(self) -> None:
        super()._init_layers()
        self.objectness_conv, self.auxiliary_conv = self._first_conv(), self._first_conv()
        self.conv_objectness = nn.Conv2d(self.feat_channels, 1, 3, padding=1)
        self.conv_auxiliary = nn.Conv2d(self.feat_channels, 4, 3, padding=1)

    def _first_conv(self) -> nn.Module:
        norm, bias = self.norm_cfg, self.conv_bias
        conv: nn.Module = ConvModule(self.in_channels, self.feat_channels, 3, padding=1, norm_cfg=norm, bias=bias)
        return conv

    def _init_reg_convs(self) -> None:
        """The box tower begins at the auxiliary feature, which has the head's own width."""
        of_pyramid, self.in_channels = self.in_channels, self.feat_channels
        super()._init_reg_convs()
        self.in_channels = of_pyramid

    def forward_single(self, x: Tensor, scale: nn.Module, stride: int) -> tuple[Tensor, ...]:
        """One level.

        Args:
            x: (N, C, H, W) of the pyramid.
            scale: the level's learned factor, of both box outputs.
            stride: of the level.

        Returns:
            Class logits, distances to the sides, centerness logits; in training also objectness logits (N, 1, H, W)
            and the auxiliary distances (N, 4, H, W).
        """
        objectness = self.conv_objectness(self.objectness_conv(x))
        auxiliary = self.auxiliary_conv(x)
        classes, boxes = attended(x, objectness), auxiliary
        for layer in self.cls_convs:
            classes = layer(classes)
        for layer in self.reg_convs:
            boxes = layer(boxes)
        outputs = (
            self.conv_cls(classes),
            self._distances(self.conv_reg(boxes), scale, stride),
            self.conv_centerness(boxes if self.centerness_on_reg else classes),
        )
        if not self.training:
            return outputs
        return *outputs, objectness, self._distances(self.conv_auxiliary(auxiliary), scale, stride)

    def _distances(self, predicted: Tensor, scale: nn.Module, stride: int) -> Tensor:
        scaled: Tensor = scale(predicted).float()
        if not self.norm_on_bbox:
            return scaled.exp()
        return scaled.clamp(min=0) if self.training else scaled.clamp(min=0) * stride

    def loss_by_feat(self, *outputs_and_batch: Any) -> dict[str, Tensor]:
        """FCOS's losses, and those of the auxiliary branch.

        Args:
            outputs_and_batch: the five outputs of `forward`, each a list over levels; boxes, image descriptions and
                ignored boxes of the batch.
        """
        *outputs, objectness, auxiliary, truth, metas, ignored = outputs_and_batch
        losses: dict[str, Tensor] = super().loss_by_feat(*outputs, truth, metas, ignored)
        return losses | self._auxiliary_losses(objectness, auxiliary, truth)

    def _auxiliary_losses(self, objectness: list[Tensor], auxiliary: list[Tensor], truth: Any) -> dict[str, Tensor]:
        taught = taught_boxes(self, auxiliary, truth)
        logits = rows_of(objectness, 1)
        is_background = torch.ones(len(logits), dtype=torch.long, device=logits.device)  # the only class is 0
        is_background[taught.rows] = 0
        count = max(reduce_mean(logits.new_tensor(float(len(taught.rows)))), 1.0)
        loss_objectness = self.loss_objectness(logits, is_background, avg_factor=count)
        if not len(taught.rows):
            return {"loss_objectness": loss_objectness, "loss_auxiliary": taught.predicted.sum()}
        loss_auxiliary = self.loss_auxiliary(taught.predicted, taught.truth, avg_factor=count)
        return {"loss_objectness": loss_objectness, "loss_auxiliary": loss_auxiliary}


def attended(x: Tensor, objectness: Tensor) -> Tensor:
    """What the class tower reads: features (N, C, H, W), stronger where objectness logits (N, 1, H, W) are high."""
    return x + x * objectness.sigmoid()
