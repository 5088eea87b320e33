"""A detector with a teacher: a moving average of it, whose confident boxes on unlabelled images it learns from.

    student     learns by gradient, from labelled images and from the teacher's boxes on others
    teacher     follows the student, labels the unlabelled images, and is what a trial predicts with and keeps

An unlabelled image on which the teacher is confident of nothing teaches nothing: not even that all of it is background.

Source: Tarvainen and Valpola, Mean teachers are better role models (NeurIPS 2017), equation 1 and section 3.1 for the
average and its beginning; Xu et al., End-to-end semi-supervised object detection with soft teacher (ICCV 2021).
"""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmdet.engine.hooks import MeanTeacherHook
from mmdet.models.detectors import BaseDetector, SemiBaseDetector, SoftTeacher
from mmdet.models.utils import filter_gt_instances
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from mmengine.runner import Runner
from torch import Tensor

# mmdet's own for Soft Teacher: a box is moved this often, by this share of its sides, and its sides are learnt from
# where the answers differ by less than the last number.
_JITTER = {"jitter_times": 10, "jitter_scale": 0.06, "reg_pseudo_thr": 0.02}
_SMALLEST_PX = (1e-2, 1e-2)
_PER_IMAGE = ("img_shape", "homography_matrix", "metainfo")


class _Confident:
    """What both kinds of teacher share.

    Args:
        detector: configuration of teacher and student.
        data_preprocessor: configuration of a `BranchPreprocessor`.
        least_score: boxes of the teacher above it are learnt from.
        unlabelled_weight: of the losses on unlabelled images.
    """

    def __init__(
        self, detector: Mapping[str, Any], data_preprocessor: Any, least_score: float, unlabelled_weight: float
    ) -> None:
        thresholds = ("cls_pseudo_thr", "rpn_pseudo_thr", "pseudo_label_initial_score_thr")
        training = {
            "sup_weight": 1.0,
            "unsup_weight": unlabelled_weight,
            "min_pseudo_bbox_wh": _SMALLEST_PX,
            **dict.fromkeys(thresholds, least_score),
            **_JITTER,
        }
        # Not mmdet's own beginning: it builds both of one mapping, which some detectors change.
        BaseDetector.__init__(self, data_preprocessor=data_preprocessor)
        self.student, self.teacher = (MODELS.build(copy.deepcopy(detector)) for _ in range(2))
        self.semi_train_cfg, self.semi_test_cfg = ConfigDict(training), ConfigDict(predict_on="teacher")
        SemiBaseDetector.freeze(self.teacher)
        self.least_score = least_score
        self.unlabelled_weight = unlabelled_weight

    def get_pseudo_instances(self, batch_inputs: Tensor, batch_data_samples: Sequence[Any]) -> Any:
        """The teacher's boxes, found and projected in full precision: halves of a large image's pixels are pixels off.

        Args:
            batch_inputs: (N, 3, H, W), as the teacher sees them.
            batch_data_samples: N.
        """
        with torch.autocast(batch_inputs.device.type, enabled=False):
            return super().get_pseudo_instances(batch_inputs, batch_data_samples)  # type: ignore[misc]  # mmdet's

    def project_pseudo_instances(self, batch_pseudo_instances: Sequence[Any], batch_data_samples: Sequence[Any]) -> Any:
        """The same boxes where the student sees them, in full precision too."""
        with torch.autocast(self.data_preprocessor.device.type, enabled=False):  # type: ignore[attr-defined]
            return super().project_pseudo_instances(batch_pseudo_instances, batch_data_samples)  # type: ignore[misc]

    def loss_by_pseudo_instances(
        self, batch_inputs: Tensor, batch_data_samples: Sequence[Any], batch_info: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Losses on the unlabelled images of which the teacher is confident; none where there are none.

        Args:
            batch_inputs: (N, 3, H, W), as the student sees them.
            batch_data_samples: N, with the teacher's boxes as truth.
            batch_info: what the teacher's features were.
        """
        samples = filter_gt_instances(batch_data_samples, score_thr=self.least_score)
        taught = [row for row, sample in enumerate(samples) if len(sample.gt_instances)]
        if not taught:
            return {}
        losses: dict[str, Any] = super().loss_by_pseudo_instances(  # type: ignore[misc]  # mmdet's
            batch_inputs[taught], [samples[row] for row in taught], _of_images(batch_info, taught)
        )
        return losses


class MeanTeacher(_Confident, SemiBaseDetector):  # type: ignore[misc]  # mmdet is untyped
    """Any detector with a teacher."""


class SoftMeanTeacher(_Confident, SoftTeacher):  # type: ignore[misc]  # mmdet is untyped
    """Faster R-CNN with a teacher that also says how sure it is of regions without a box, and of a box's sides."""


class TeacherHook(MeanTeacherHook):  # type: ignore[misc]  # mmdet is untyped
    """Lets the teacher follow the student; its BatchNorm statistics, too, which mmdet leaves as they began.

    Args:
        momentum: share of itself that the teacher keeps at an iteration. In the beginning it keeps less: it is the mean
            of all students so far, until that many have been.
    """

    def __init__(self, momentum: float) -> None:
        super().__init__(momentum=1 - momentum, skip_buffer=False)
        self.kept = momentum

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """One step of the teacher."""
        self.momentum_update(runner.model, 1 - min(self.kept, 1 - 1 / (runner.iter + 1)))


def _of_images(info: dict[str, Any] | None, rows: Sequence[int]) -> dict[str, Any] | None:
    if not info:
        return info
    features = tuple(level[rows] for level in info["feat"])
    return {"feat": features, **{key: [info[key][row] for row in rows] for key in _PER_IMAGE}}
