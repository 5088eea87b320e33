"""The pyramid of features between backbone and heads."""

from trainables.parameters import whole

PARAMETERS = (
    whole("neck_channels", 256, (8, 1024), "channels of every pyramid level"),
    whole("fpn_outputs", 5, (5, 6), "pyramid levels"),
    whole("fpn_start_level", 0, (0, 1), "first backbone stage that the pyramid uses: 0 is c2 (stride 4), 1 is c3"),
)
