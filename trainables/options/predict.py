"""How images are shown to a finished detector, and which of its raw detections are kept."""

from trainables.notation import FOLLOW_TRAINING, parse_scale
from trainables.parameters import number, text, truth, whole


def _parse_predict_scale(value: str) -> object:
    return value if value == FOLLOW_TRAINING else parse_scale(value)


PARAMETERS = (
    text(
        "scale",
        FOLLOW_TRAINING,
        _parse_predict_scale,
        '"train" or LONGxSHORT, sides from 32 to 8192 px',
        "size that images are fitted into for prediction; train takes the largest training scale",
    ),
    truth("flip", False, "predict the mirror image too and merge the raw detections"),
    number("score_floor", 0.001, (0.0, 1.0), "raw detections below this score are not kept"),
    whole("max_raw_per_image", 1000, (1, 100_000), "raw detections (before NMS) kept of each image, best first"),
)
