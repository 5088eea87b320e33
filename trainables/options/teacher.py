"""A teacher that labels the data set's unlabelled images while the detector trains."""

from collections.abc import Mapping

from trainables.notation import NONE
from trainables.parameters import choice, number, whole

MEAN = "mean"

PARAMETERS = (
    choice(
        "teacher",
        NONE,
        (NONE, MEAN),
        "mean: a moving average of the detector labels the unlabelled images for it, and predicts",
    ),
    number("teacher_momentum", 0.999, (0.5, 0.99999), "share of itself that the teacher keeps at each iteration"),
    number("teacher_score", 0.7, (0.0, 1.0), "a teacher's boxes above this score are learnt from"),
    number("unlabelled_weight", 1.0, (0.0, 100.0), "weight of the losses on unlabelled images"),
    whole("unlabelled_per_image", 1, (1, 16), "unlabelled images beside each training image of a batch"),
)


def _average_conflict(parameters: Mapping[str, object]) -> str | None:
    if parameters["teacher"] == NONE or not parameters["ema"]:
        return None
    return "a teacher is a moving average itself; write ema: 0, and say by teacher_momentum how much it keeps"


CONFLICTS = (_average_conflict,)
