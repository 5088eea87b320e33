"""The pyramid of features between backbone and heads."""

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
        ("fpn", "pafpn", "bfp"),
        "pyramid: from coarse to fine (fpn), and back again (pafpn), or evened out by all levels' mean (bfp)",
    ),
    choice(
        "fpn_extra_convs",
        NONE,
        (NONE, "on_input", "on_lateral", "on_output"),
        "levels beyond c5 by convolutions, and of what; none takes every other pixel of the level below",
    ),
)
