"""A head on regions that predicts the IoU of each of its boxes with the truth, from the features that give the box.

mmdet's heads hand on scores and offsets; the IoUs travel as further columns of the offsets, one for each box of a
region, and part from them where losses and detections are made. Of a cascade, the last stage alone has them.
"""

from typing import Any

import torch
from mmdet.models.layers import multiclass_nms
from mmdet.models.roi_heads import Shared2FCBBoxHead
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor, nn

from trainables.modules.iou_scores import POWER, iou_loss, joined
from trainables.modules.layer_inputs import inputs_of


class IoUAwareBBoxHead(Shared2FCBBoxHead):  # type: ignore[misc]  # mmdet is untyped
    """See the module.

    Args:
        loss_iou: configuration of the IoUs' loss.
        options: Shared2FCBBoxHead's.
    """

    def __init__(self, loss_iou: dict[str, Any], **options: Any) -> None:
        super().__init__(**options)
        self.loss_iou = MODELS.build(loss_iou)
        self.fc_iou = nn.Linear(self.reg_last_dim, self._boxes)
        self.init_cfg.append({"type": "Normal", "std": 0.01, "override": {"name": "fc_iou"}})

    @property
    def _boxes(self) -> int:
        """Boxes of a region."""
        return 1 if self.reg_class_agnostic else int(self.num_classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Class logits (N, C + 1); offsets and IoU logits side by side, (N, 5) or (N, 5C)."""
        with inputs_of(self.fc_reg) as features:
            classes, offsets = super().forward(x)
        return classes, torch.cat([offsets, self.fc_iou(features[0])], dim=1)

    def _parted(self, offsets_and_ious: Tensor) -> tuple[Tensor, Tensor]:
        count = self._boxes
        return offsets_and_ious[:, :-count].contiguous(), offsets_and_ious[:, -count:]

    def loss_and_target(self, bbox_pred: Tensor, rois: Tensor, **others: Any) -> dict[str, Any]:
        """As mmdet's, with a loss of the IoUs.

        Args:
            bbox_pred: offsets and IoU logits, as from `forward`.
            rois: (N, 5), the image's place in the batch and xyxy.
            others: mmdet's own.
        """
        offsets, ious = self._parted(bbox_pred)
        found: dict[str, Any] = super().loss_and_target(bbox_pred=offsets, rois=rois, **others)
        labels, _, targets, _ = found["bbox_targets"]
        rows = (labels < self.num_classes).nonzero().squeeze(1)
        column = torch.zeros_like(rows) if self.reg_class_agnostic else labels[rows]
        given = offsets.detach().float().view(len(rois), -1, 4)[rows, column]
        predicted, truth = self._boxes_of(rois[rows, 1:], given, targets[rows])
        found["loss_bbox"]["loss_iou"] = iou_loss(self.loss_iou, ious[rows, column], predicted, truth)
        return found

    def _boxes_of(self, regions: Tensor, offsets: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """What objects' offsets and targets stand for, as xyxy."""
        truth = targets if self.reg_decoded_bbox else self.bbox_coder.decode(regions, targets)
        return self.bbox_coder.decode(regions, offsets), truth

    def _predict_by_feat_single(self, bbox_pred: Tensor, rcnn_test_cfg: Any = None, **others: Any) -> InstanceData:
        """As mmdet's; before NMS with `ious` (N, 1) or (N, C), after it with scores that they have joined."""
        offsets, logits = self._parted(bbox_pred)
        raw = super()._predict_by_feat_single(bbox_pred=offsets, rcnn_test_cfg=None, **others)
        ious = logits.sigmoid()
        if rcnn_test_cfg is None:
            raw.ious = ious
            return raw
        scores = joined(raw.scores[:, :-1], ious, rcnn_test_cfg.get(POWER, 0.0))
        return _suppressed(raw.bboxes, torch.cat([scores, raw.scores[:, -1:]], dim=1), rcnn_test_cfg)


def _suppressed(boxes: Tensor, scores: Tensor, settings: Any) -> InstanceData:
    found, labels = multiclass_nms(boxes, scores, settings.score_thr, settings.nms, settings.max_per_img)
    return InstanceData(bboxes=found[:, :-1], scores=found[:, -1], labels=labels)
