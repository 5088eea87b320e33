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
        sizes = [level.shape[-2:] for level in objectness]
        points = self.prior_generator.grid_priors(sizes, dtype=auxiliary[0].dtype, device=auxiliary[0].device)
        labels, targets = self.get_targets(points, truth)
        is_background = torch.cat(labels) >= self.num_classes
        objects = (~is_background).nonzero().squeeze(1)
        count = max(reduce_mean(objectness[0].new_tensor(float(len(objects)))), 1.0)
        logits = _rows(objectness, 1)
        loss_objectness = self.loss_objectness(logits, is_background.long(), avg_factor=count)  # the only class is 0
        predicted = _rows(auxiliary, 4)[objects]
        if not len(objects):
            return {"loss_objectness": loss_objectness, "loss_auxiliary": predicted.sum()}
        places = torch.cat([level.repeat(len(truth), 1) for level in points])[objects]
        boxes = self.bbox_coder.decode(places, predicted)
        wanted = self.bbox_coder.decode(places, torch.cat(targets)[objects])
        return {
            "loss_objectness": loss_objectness,
            "loss_auxiliary": self.loss_auxiliary(boxes, wanted, avg_factor=count),
        }


def attended(x: Tensor, objectness: Tensor) -> Tensor:
    """What the class tower reads: features (N, C, H, W), stronger where objectness logits (N, 1, H, W) are high."""
    return x + x * objectness.sigmoid()


def _rows(levels: list[Tensor], channels: int) -> Tensor:
    """(N, channels, H, W) of each level -> a row for each place, level by level, as targets lie."""
    return torch.cat([level.permute(0, 2, 3, 1).reshape(-1, channels) for level in levels])
