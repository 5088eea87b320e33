"""The detectors of this project and what each of them lets vary: plain data, no torch.

To add a detector: compose its parameters from `trainables.options`, give `DETECTORS` an entry, and let
`trainables.detectors` build an mmengine config from them. A parameter that is listed here and not read there is a fault
that the dry run finds.

Defaults are mmdet 3's stock Cascade R-CNN R50 FPN 1x, except where stock relies on downloaded weights: `init` is
"none", so nothing is frozen and BatchNorm is trained.
"""

from collections.abc import Mapping

from trainables.config_file import config_tree
from trainables.detectors import configured
from trainables.fake_parameters import FAKE_PARAMETERS
from trainables.options import (
    anchors,
    auxiliary,
    backbone,
    cspnext,
    dense_heads,
    iou_branch,
    losses,
    neck,
    pipeline,
    points,
    predict,
    proposals,
    queries,
    region_heads,
    schedule,
    start,
    teacher,
)
from trainables.parameters import Detector, by_name, first_conflict, with_defaults

# Scores of dense heads are lower than those of heads on regions.
_DENSE_TEACHER = with_defaults(teacher.PARAMETERS, teacher_score=0.5)
_DENSE = (
    *backbone.PARAMETERS,
    *dense_heads.NECK,
    *dense_heads.TOWERS,
    *pipeline.PARAMETERS,
    *schedule.PARAMETERS,
    *_DENSE_TEACHER,
)

_TWO_STAGE = (
    *backbone.PARAMETERS,
    *neck.PARAMETERS,
    *neck.PATHS,
    *anchors.PARAMETERS,
    *proposals.PARAMETERS,
    *region_heads.PARAMETERS,
    *losses.PROPOSALS,
    *losses.HEADS,
    *iou_branch.TRAIN,
    *teacher.PARAMETERS,
)
_TWO_STAGE_CONFLICTS = (
    *backbone.CONFLICTS,
    *neck.CONFLICTS,
    *proposals.CONFLICTS,
    *region_heads.CONFLICTS,
    *teacher.CONFLICTS,
)
_ONE_STAGE_CONFLICTS = (*backbone.CONFLICTS, *teacher.CONFLICTS)

DETECTORS: Mapping[str, Detector] = {
    "cascade_rcnn": Detector(
        description="Cascade R-CNN: region proposals refined by three heads of rising IoU (Cai and Vasconcelos, 2018)",
        train=by_name(*_TWO_STAGE, *region_heads.STAGES, *pipeline.PARAMETERS, *schedule.PARAMETERS),
        predict=by_name(*predict.WITH_IOUS),
        conflict=first_conflict(*_TWO_STAGE_CONFLICTS, *region_heads.STAGE_CONFLICTS),
    ),
    "faster_rcnn": Detector(
        description="Faster R-CNN: region proposals, and one head that classifies and refines them (Ren et al., 2015)",
        train=by_name(
            *with_defaults(_TWO_STAGE, rpn_box_loss="l1", head_box_loss="l1"),
            *region_heads.ONE_STAGE,
            *pipeline.PARAMETERS,
            *schedule.PARAMETERS,
        ),
        predict=by_name(*predict.WITH_IOUS),
        conflict=first_conflict(*_TWO_STAGE_CONFLICTS),
    ),
    "fcos": Detector(
        description="FCOS: every place inside a box learns the distances to its sides (Tian et al., 2019)",
        train=by_name(*_DENSE, *dense_heads.FOCAL, *losses.DISTANCES, *iou_branch.TRAIN),
        predict=by_name(*predict.WITH_IOUS),
        conflict=first_conflict(*_ONE_STAGE_CONFLICTS),
    ),
    "fcostd": Detector(
        description="FCOSTD: FCOS whose towers are guided by an auxiliary branch (the competition log's own)",
        train=by_name(*_DENSE, *dense_heads.FOCAL, *losses.DISTANCES, *auxiliary.PARAMETERS, *iou_branch.TRAIN),
        predict=by_name(*predict.WITH_IOUS),
        conflict=first_conflict(*_ONE_STAGE_CONFLICTS),
    ),
    "retinanet": Detector(
        description="RetinaNet: anchors of every place, classified under a focal loss (Lin et al., 2017)",
        train=by_name(
            *_DENSE,
            *dense_heads.FOCAL,
            *dense_heads.ANCHORS,
            *dense_heads.OVERLAPS,
            *losses.ANCHORS,
            *iou_branch.TRAIN,
        ),
        predict=by_name(*predict.WITH_IOUS),
        conflict=first_conflict(*_ONE_STAGE_CONFLICTS, *dense_heads.CONFLICTS),
    ),
    "freeanchor": Detector(
        description="FreeAnchor: RetinaNet that learns which anchors a box belongs to (Zhang et al., 2019)",
        train=by_name(*_DENSE, *dense_heads.ANCHORS, dense_heads.ANCHORS_PER_BOX, *iou_branch.TRAIN),
        predict=by_name(*predict.WITH_IOUS),
        conflict=first_conflict(*_ONE_STAGE_CONFLICTS),
    ),
    "reppoints": Detector(
        description="RepPoints: objects as sets of points that are moved in two steps (Yang et al., 2019)",
        train=by_name(
            *with_defaults(_DENSE, tower_convs=3), *dense_heads.FOCAL, *dense_heads.OVERLAPS, *points.PARAMETERS
        ),
        predict=by_name(*predict.PARAMETERS),
        conflict=first_conflict(*_ONE_STAGE_CONFLICTS, *dense_heads.CONFLICTS, *points.CONFLICTS),
    ),
    "rtmdet": Detector(
        description="RTMDet: a fast dense detector on its own network, soft labels by cost (Lyu et al., 2022)",
        train=by_name(*cspnext.PARAMETERS, *pipeline.PARAMETERS, *cspnext.SCHEDULE, *_DENSE_TEACHER),
        predict=by_name(*predict.PARAMETERS),
        conflict=first_conflict(*start.CONFLICTS, *teacher.CONFLICTS),
    ),
    "deformable_detr": Detector(
        description="Deformable DETR: queries that answer with a set of boxes, no NMS needed (Zhu et al., 2020)",
        train=by_name(
            *backbone.PARAMETERS,
            *queries.PARAMETERS,
            *dense_heads.FOCAL,
            *pipeline.PARAMETERS,
            *queries.SCHEDULE,
            *_DENSE_TEACHER,
        ),
        predict=by_name(*predict.PARAMETERS),
        conflict=first_conflict(*_ONE_STAGE_CONFLICTS, *queries.CONFLICTS),
    ),
    configured.NAME: Detector(
        description="Any box detector of an mmdet configuration file, with its optimizer and schedule",
        train=by_name(
            backbone.file_parameter(),
            *start.PARAMETERS,
            *pipeline.PARAMETERS,
            *schedule.EPOCHS,
            *schedule.AVERAGE,
        ),
        predict=by_name(*predict.PARAMETERS),
        conflict=first_conflict(configured.conflict, *start.CONFLICTS),
        configured_by=config_tree,
    ),
    "fake": Detector(
        description="No detector: known scores in real or virtual seconds, to test searches on (trainables.fake)",
        train=FAKE_PARAMETERS,
        predict={},
        reads_data=False,
    ),
}
