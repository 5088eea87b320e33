"""Heads that classify and refine regions: how many, what they learn from, how wide they are."""

from results.errors import InputError
from trainables.notation import parse_numbers
from trainables.parameters import number, text, vector, whole

CASCADE_STAGES = (3, 4)


def _parse_stage_ious(value: str) -> tuple[float, ...]:
    ious = parse_numbers(value)
    if len(ious) not in CASCADE_STAGES or max(ious) >= 1:
        raise InputError("stages have three or four IoUs below 1", repr(value), 'write for example "0.5,0.6,0.7"')
    return ious


PARAMETERS = (
    whole("rois", 512, (8, 2048), "regions sampled from each image to train the heads on"),
    whole("head_channels", 1024, (16, 4096), "width of each head's two fully connected layers"),
    vector(
        number("class_weights", 1.0, (0.0, 100.0), "weight of each class in the heads' loss; the background's is 1")
    ),
    whole("roi_sampling_ratio", 0, (0, 8), "points per RoIAlign bin and side; 0 takes as many as the region needs"),
)

STAGES = (
    text(
        "stage_ious",
        "0.5,0.6,0.7",
        _parse_stage_ious,
        'three or four IoUs below 1, such as "0.5,0.6,0.7"',
        "IoU from which a proposal is positive, for each cascade stage",
    ),
)

ONE_STAGE = (number("region_iou", 0.5, (0.01, 0.99), "IoU from which a proposal is positive for the head"),)
