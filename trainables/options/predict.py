"""How images are shown to a finished detector, and which of its raw detections are kept."""

from collections.abc import Mapping

from trainables.averages import parse_average
from trainables.notation import FOLLOW_TRAINING, MIN_SIDE_PX, NONE, parse_predict_scales
from trainables.options.iou_branch import POWER
from trainables.parameters import number, text, truth, whole
from trainables.tiles import parse_tiling

_ANY_TRAINING = f"{MIN_SIDE_PX}x{MIN_SIDE_PX}"


def _parse_scales(value: str) -> object:
    return parse_predict_scales(value, _ANY_TRAINING)


# Settings that came later: at these values a trial is what it was before them, and keeps its identity.
_LATER = (
    truth("flip_vertical", False, "predict the image upside down too and merge the raw detections"),
    text(
        "tiles",
        NONE,
        parse_tiling,
        '"none" or LONGxSHORT in pixels of the image, with an overlap such as "1024x768/0.2"',
        "predict overlapping parts of larger images too, each fitted into the scale, and merge the raw detections",
    ),
    text(
        "average",
        NONE,
        parse_average,
        '"none", "last3", "best3" or, with an alpha, "last3/0.7"',
        "weights to predict with: the last epoch's, or the mean of several, or each new one with share alpha",
    ),
)

PARAMETERS = (
    text(
        "scale",
        FOLLOW_TRAINING,
        _parse_scales,
        '"train", LONGxSHORT or a list "1333x800|1600x1000", sides from 32 to 8192 px',
        "size that images are fitted into; train is the largest training scale; of a list, each in turn, merged",
    ),
    truth("flip", False, "predict the mirror image too and merge the raw detections"),
    number("score_floor", 0.001, (0.0, 1.0), "raw detections below this score are not kept"),
    whole("max_raw_per_image", 1000, (1, 100_000), "raw detections (before NMS) kept of each image, best first"),
    *_LATER,
)

# Of detectors that can have an IoU branch.
WITH_IOUS = (*PARAMETERS, POWER)


def telling(view: Mapping[str, object]) -> dict[str, object]:
    """The settings of a view that its identity is made of."""
    silent = {parameter.name: parameter.default for parameter in (*_LATER, POWER)}
    return {name: value for name, value in view.items() if name not in silent or value != silent[name]}
