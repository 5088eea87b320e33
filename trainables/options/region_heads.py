"""Heads that classify and refine regions: how wide they are, and which regions they learn from.

What may differ from stage to stage is a list with one entry for all of them or one for each.
"""

from collections.abc import Mapping, Sequence

from results.errors import InputError
from trainables.notation import NONE, parse_numbers
from trainables.parameters import choice, number, text, whole

CASCADE_STAGES = (3, 4)
SAMPLERS = ("random", "ohem", "iou_balanced")
# A stage's negatives lie below the IoU from which its positives do.
SAME = "same"


def parse_samplers(value: str) -> tuple[str, ...]:
    """Reads "ohem" or "random,ohem,ohem".

    Raises:
        InputError: one of them is unknown.
    """
    words = tuple(value.split(","))
    if set(words) <= set(SAMPLERS):
        return words
    raise InputError(f"samplers are {', '.join(SAMPLERS)}", repr(value), 'write for example "random,ohem,ohem"')


def parse_negatives(value: str, positives: Sequence[float] = ()) -> tuple[float, ...]:
    """Reads "0.3" or "0.3,0.3,0.4", or "same", which stands for `positives`.

    Raises:
        InputError: another form.
    """
    ious = tuple(positives) if value == SAME else parse_numbers(value)
    if max(ious, default=0.0) < 1:
        return ious
    raise InputError("negatives lie below IoUs below 1", repr(value), 'write for example "0.3" or "0.3,0.3,0.4"')


def _parse_stage_ious(value: str) -> tuple[float, ...]:
    ious = parse_numbers(value)
    if len(ious) not in CASCADE_STAGES or max(ious) >= 1:
        raise InputError("stages have three or four IoUs below 1", repr(value), 'write for example "0.5,0.6,0.7"')
    return ious


PARAMETERS = (
    whole("rois", 512, (8, 2048), "regions sampled from each image to train the heads on"),
    whole("head_channels", 1024, (16, 4096), "width of each head's two fully connected layers"),
    whole("roi_sampling_ratio", 0, (0, 8), "points per RoIAlign bin and side; 0 takes as many as the region needs"),
    choice(
        "region_context",
        NONE,
        (NONE, "pooled"),
        "added to each region's features: pooled, what the mean over its whole image says",
    ),
    text(
        "head_samplers",
        "random",
        parse_samplers,
        'random, ohem or iou_balanced, or such a word for each stage: "random,ohem,ohem"',
        "how a head's regions are drawn: at random, those of largest loss, or evenly over IoUs",
    ),
    number(
        "head_min_pos_iou",
        0.0,
        (0.0, 1.0),
        "IoU from which the best region of a box without a positive one is positive; 0 for never",
    ),
)

STAGES = (
    text(
        "stage_ious",
        "0.5,0.6,0.7",
        _parse_stage_ious,
        'three or four IoUs below 1, such as "0.5,0.6,0.7"',
        "IoU from which a proposal is positive, for each cascade stage",
    ),
    text(
        "stage_neg_ious",
        SAME,
        parse_negatives,
        '"same" as stage_ious, or an IoU for all stages or for each, such as "0.3" or "0.3,0.3,0.4"',
        "IoU below which a proposal is negative; from there to stage_ious it teaches nothing",
    ),
)

ONE_STAGE = (number("region_iou", 0.5, (0.01, 0.99), "IoU from which a proposal is positive for the head"),)


def _samplers_conflict(parameters: Mapping[str, object]) -> str | None:
    words = parse_samplers(str(parameters["head_samplers"]))
    stages = len(parse_numbers(str(parameters.get("stage_ious", "0.5"))))
    return _count_fault("head_samplers", len(words), stages)


def _negatives_conflict(parameters: Mapping[str, object]) -> str | None:
    positives = parse_numbers(str(parameters["stage_ious"]))
    given = parse_negatives(str(parameters["stage_neg_ious"]), positives)
    fault = _count_fault("stage_neg_ious", len(given), len(positives))
    negatives = given * len(positives) if len(given) == 1 else given
    if fault or all(one <= other for one, other in zip(negatives, positives, strict=True)):
        return fault
    return f"stage_neg_ious ({parameters['stage_neg_ious']}) lie at or below stage_ious; lower them"


def _count_fault(name: str, given: int, stages: int) -> str | None:
    if given in (1, stages):
        return None
    return f"{name} has one entry for all {stages} stages or one for each, not {given}; write as many"


CONFLICTS = (_samplers_conflict,)
STAGE_CONFLICTS = (_negatives_conflict,)
