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
from trainables.options import anchors, backbone, neck, pipeline, predict, proposals, region_heads, schedule
from trainables.parameters import Detector, by_name, first_conflict

DETECTORS: Mapping[str, Detector] = {
    "cascade_rcnn": Detector(
        description="Cascade R-CNN: region proposals refined by three heads of rising IoU (Cai and Vasconcelos, 2018)",
        train=by_name(
            *backbone.PARAMETERS,
            *neck.PARAMETERS,
            *anchors.PARAMETERS,
            *proposals.PARAMETERS,
            *region_heads.PARAMETERS,
            *region_heads.STAGES,
            *pipeline.PARAMETERS,
            *schedule.PARAMETERS,
        ),
        predict=by_name(*predict.PARAMETERS),
        conflict=first_conflict(*backbone.CONFLICTS, *proposals.CONFLICTS),
    ),
    configured.NAME: Detector(
        description="Any two-stage detector of an mmdet configuration file, with its optimizer and schedule",
        train=by_name(backbone.init_parameter(), *pipeline.PARAMETERS, *schedule.EPOCHS),
        predict=by_name(*predict.PARAMETERS),
        conflict=configured.conflict,
        configured_by=config_tree,
    ),
    "fake": Detector(
        description="No detector: known scores in real or virtual seconds, to test searches on (trainables.fake)",
        train=FAKE_PARAMETERS,
        predict={},
        reads_data=False,
    ),
}
