"""Boxes that a detector starts from, at every place of every level."""

from trainables.notation import KMEANS, parse_numbers
from trainables.parameters import number, text


def _parse_anchor_ratios(value: str) -> object:
    return value if value == KMEANS else parse_numbers(value)


PARAMETERS = (
    number("anchor_scale", 8.0, (1.0, 64.0), "side of a square anchor in strides of its level"),
    text(
        "anchor_ratios",
        "0.5,1,2",
        _parse_anchor_ratios,
        'heights over widths, such as "0.5,1,2", or "kmeans": five that are fitted to the training boxes',
        "shapes of the anchors",
    ),
)
