"""Dense heads that predict the IoU of each box with its truth, by a convolution beside the one that gives the box.

What teaches the IoUs is what teaches the boxes: places in a truth box (FCOS, FCOSTD), anchors that are objects
(RetinaNet), anchors of a truth box's bag (FreeAnchor). Centerness stays where a head has it: it is part of the score
that the IoU joins.
"""

from dataclasses import dataclass
from typing import Any

import torch
from mmdet.models.dense_heads import FCOSHead, FreeAnchorRetinaHead, RetinaHead
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox_overlaps
from mmengine.structures import InstanceData
from torch import Tensor, nn

from trainables.modules.fcos_places import rows_of, taught_boxes
from trainables.modules.fcostd_head import FCOSTDHead
from trainables.modules.iou_scores import POWER, iou_loss, joined
from trainables.modules.layer_inputs import inputs_of


@dataclass(frozen=True)
class Taught:
    """Boxes that learn from a truth box: IoU logits (M,), the boxes and their truth (M, 4), xyxy."""

    logits: Tensor
    predicted: Tensor
    truth: Tensor


class IoUAware:
    """Stands before a head of mmdet's among a class's bases.

    Args:
        loss_iou: configuration of the IoUs' loss.
        options: the head's.
    """

    # The head's convolution that gives boxes.
    box_layer: str
    test_cfg: Any

    def __init__(self, loss_iou: dict[str, Any], **options: Any) -> None:
        super().__init__(**options)
        self.loss_iou = MODELS.build(loss_iou)

    def _init_layers(self) -> None:
        super()._init_layers()  # type: ignore[misc]  # the head's
        boxes = self._layer()
        self.conv_iou = nn.Conv2d(boxes.in_channels, boxes.out_channels // 4, 3, padding=1)

    def _layer(self) -> nn.Conv2d:
        layer: nn.Conv2d = getattr(self, self.box_layer)
        return layer

    def forward(self, x: tuple[Tensor, ...]) -> tuple[list[Tensor], ...]:
        """The head's outputs, each a list over levels, and IoU logits (N, boxes of a place, H, W)."""
        with inputs_of(self._layer()) as features:
            outputs: tuple[list[Tensor], ...] = super().forward(x)  # type: ignore[misc]  # the head's
        return *outputs, [self.conv_iou(one) for one in features]

    def loss_by_feat(self, *outputs_and_batch: Any) -> dict[str, Any]:
        """The head's losses and that of the IoUs.

        Args:
            outputs_and_batch: outputs of `forward`; boxes, image descriptions and ignored boxes of the batch.
        """
        *outputs, ious, truth, metas, ignored = outputs_and_batch
        losses: dict[str, Any] = super().loss_by_feat(*outputs, truth, metas, ignored)  # type: ignore[misc]
        taught = self._taught(ious, outputs[1], (truth, metas, ignored))
        return losses | {"loss_iou": iou_loss(self.loss_iou, taught.logits, taught.predicted, taught.truth)}

    def _taught(self, ious: list[Tensor], boxes: list[Tensor], batch: tuple[Any, Any, Any]) -> Taught:
        raise NotImplementedError

    def predict_by_feat(
        self,
        *outputs: Any,
        batch_img_metas: Any = None,
        cfg: Any = None,
        rescale: bool = False,
        with_nms: bool = True,
    ) -> list[InstanceData]:
        """As the head's, with scores that the IoUs have joined as far as the settings say."""
        classes, boxes, *factors, ious = outputs
        power = (self.test_cfg if cfg is None else cfg).get(POWER, 0.0)
        factor = factors[0] if factors else None
        if power:
            factor = _joined_logits(factor, ious, power)
        found: list[InstanceData] = super().predict_by_feat(  # type: ignore[misc]  # the head's
            classes, boxes, factor, batch_img_metas=batch_img_metas, cfg=cfg, rescale=rescale, with_nms=with_nms
        )
        return found

    def _bbox_post_process(self, results: InstanceData, cfg: Any, **others: Any) -> InstanceData:
        """Raises the class scores to their power; mmdet multiplies them by the factor then."""
        results.scores = joined(results.scores, torch.ones_like(results.scores), cfg.get(POWER, 0.0))
        found: InstanceData = super()._bbox_post_process(results, cfg, **others)  # type: ignore[misc]  # the head's
        return found


def _joined_logits(factors: list[Tensor] | None, ious: list[Tensor], power: float) -> list[Tensor]:
    """The factor of each box's score, which mmdet's heads take as a logit: its centerness, or 1, joined by its IoU."""
    ones = [torch.full_like(level, torch.inf) for level in ious]
    pairs = zip(factors or ones, ious, strict=True)
    return [joined(factor.sigmoid(), iou.sigmoid(), power).logit() for factor, iou in pairs]


class _OfPlaces(IoUAware):
    """Of FCOS's kin."""

    box_layer = "conv_reg"

    def _taught(self, ious: list[Tensor], boxes: list[Tensor], batch: tuple[Any, Any, Any]) -> Taught:
        found = taught_boxes(self, boxes, batch[0])
        return Taught(rows_of(ious, 1).squeeze(1)[found.rows], found.predicted, found.truth)


class IoUAwareFCOSHead(_OfPlaces, FCOSHead):  # type: ignore[misc]  # mmdet is untyped
    """FCOS's."""


class IoUAwareFCOSTDHead(_OfPlaces, FCOSTDHead):
    """FCOSTD's."""


class IoUAwareRetinaHead(IoUAware, RetinaHead):  # type: ignore[misc]  # mmdet is untyped
    """RetinaNet's."""

    box_layer = "retina_reg"

    def _taught(self, ious: list[Tensor], boxes: list[Tensor], batch: tuple[Any, Any, Any]) -> Taught:
        truth, metas, ignored = batch
        anchors, valid = self.get_anchors([level.shape[-2:] for level in boxes], metas, boxes[0].device)
        labels, _, targets, *_ = self.get_targets(anchors, valid, truth, metas, batch_gt_instances_ignore=ignored)
        rows = (torch.cat([level.flatten() for level in labels]) < self.num_classes).nonzero().squeeze(1)
        places = torch.cat([level.repeat(len(truth), 1) for level in anchors[0]])[rows]
        wanted = torch.cat([level.reshape(-1, 4) for level in targets])[rows]
        return Taught(
            rows_of(ious, 1).squeeze(1)[rows],
            self.bbox_coder.decode(places, rows_of(boxes, 4)[rows].detach().float()),
            wanted if self.reg_decoded_bbox else self.bbox_coder.decode(places, wanted),
        )


class IoUAwareFreeAnchorHead(IoUAware, FreeAnchorRetinaHead):  # type: ignore[misc]  # mmdet is untyped
    """FreeAnchor's: every anchor of a truth box's bag has that box as its truth."""

    box_layer = "retina_reg"

    def _taught(self, ious: list[Tensor], boxes: list[Tensor], batch: tuple[Any, Any, Any]) -> Taught:
        truth, metas, _ = batch
        anchors, _ = self.get_anchors([level.shape[-2:] for level in boxes], metas, boxes[0].device)
        flat = torch.cat(anchors[0])
        logits, offsets = _by_image(ious, 1).squeeze(2), _by_image(boxes, 4).detach().float()
        parts = [self._bags(flat, one.bboxes) for one in truth]
        pairs = list(zip(parts, logits, offsets, strict=True))
        return Taught(
            torch.cat([own[bag] for (bag, _), own, _ in pairs]),
            torch.cat([self.bbox_coder.decode(flat[bag], own[bag]) for (bag, _), _, own in pairs]),
            torch.cat([wanted for (_, wanted), *_ in pairs]),
        )

    def _bags(self, anchors: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
        """Places of the anchors of every truth box's bag, and the truth box of each."""
        overlaps = bbox_overlaps(truth, anchors)
        bags = overlaps.topk(self.pre_anchor_topk, dim=1, sorted=False).indices
        return bags.flatten(), truth.repeat_interleave(self.pre_anchor_topk, dim=0)


def _by_image(levels: list[Tensor], channels: int) -> Tensor:
    """(N, boxes of a place times channels, H, W) of each level -> (N, boxes, channels)."""
    return torch.cat([one.permute(0, 2, 3, 1).reshape(len(one), -1, channels) for one in levels], dim=1)
