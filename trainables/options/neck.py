"""The pyramid of features between backbone and heads."""

from collections.abc import Mapping

from trainables.notation import NONE
from trainables.parameters import choice, whole

PARAMETERS = (
    whole("neck_channels", 256, (8, 1024), "channels of every pyramid level"),
    whole("fpn_outputs", 5, (5, 6), "pyramid levels"),
    whole("fpn_start_level", 0, (0, 1), "first backbone stage that the pyramid uses: 0 is c2 (stride 4), 1 is c3"),
)

# Of detectors with region proposals; dense ones have extra convolutions of their own.
PATHS = (
    choice(
        "neck",
        "fpn",
        ("fpn", "pafpn", "bfp", "hrfpn"),
        "pyramid: coarse to fine (fpn), and back (pafpn), or of all levels' mean (bfp), or of all joined (hrfpn)",
    ),
    choice(
        "fpn_extra_convs",
        NONE,
        (NONE, "on_input", "on_lateral", "on_output"),
        "levels beyond c5 by convolutions, and of what; none takes every other pixel of the level below",
    ),
)


def _joined_conflict(parameters: Mapping[str, object]) -> str | None:
    if parameters["neck"] != "hrfpn" or (parameters["fpn_start_level"], parameters["fpn_extra_convs"]) == (0, NONE):
        return None
    return "neck hrfpn joins all levels from c2 on; write fpn_start_level: 0 and fpn_extra_convs: none"


CONFLICTS = (_joined_conflict,)
