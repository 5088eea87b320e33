"""The IoU branch: a head's configuration -> that of the head that predicts IoUs, too.

Source: Wu et al., IoU-aware Single-stage Object Detector for Accurate Localization (2019).
"""

from collections.abc import Mapping

from trainables.detectors.backbones import Config

_DENSE = "trainables.modules.iou_aware_dense"
_AWARE = {
    "Shared2FCBBoxHead": "trainables.modules.iou_aware_region.IoUAwareBBoxHead",
    "FCOSHead": f"{_DENSE}.IoUAwareFCOSHead",
    "trainables.modules.fcostd_head.FCOSTDHead": f"{_DENSE}.IoUAwareFCOSTDHead",
    "RetinaHead": f"{_DENSE}.IoUAwareRetinaHead",
    "FreeAnchorRetinaHead": f"{_DENSE}.IoUAwareFreeAnchorHead",
}


def with_iou_branch(head: Config, params: Mapping[str, object]) -> Config:
    """The head as it is, or with the branch where `iou_branch` says so."""
    if not params["iou_branch"]:
        return head
    loss = {"type": "CrossEntropyLoss", "use_sigmoid": True, "loss_weight": 1.0}
    return {**head, "type": _AWARE[str(head["type"])], "loss_iou": loss}
