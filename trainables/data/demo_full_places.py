"""Where an object goes: the place, of several that its kind allows, that overlaps least with what is there already.

Boxes are xywh in pixels of the finished picture. What a kind allows is the caller's business.
"""

from collections.abc import Callable, Sequence

from trainables.data.demo_canvas import Box
from trainables.data.demo_full_plan import Planned

Centre = tuple[float, float]
_TRIES = 24


def free_box(
    planned: Planned, centre_of: Callable[[Planned], Centre], taken: Sequence[Box], size_px: tuple[int, int]
) -> Box:
    """A box of the planned size, inside the picture, on whole pixels.

    Args:
        planned: what is placed.
        centre_of: gives a random place for its middle.
        taken: boxes that are there.
        size_px: width and height of the picture.
    """
    best, least = None, 0.0
    for _ in range(_TRIES):
        box = _inside(planned, centre_of(planned), size_px)
        overlap = sum(_shared(box, other) for other in taken)
        if best is None or overlap < least:
            best, least = box, overlap
        if not overlap:
            break
    assert best is not None  # there is at least one try
    return best


def _inside(planned: Planned, centre: Centre, size_px: tuple[int, int]) -> Box:
    width, height = planned.width_px, planned.height_px
    x, y = (
        float(round(min(max(middle - side / 2, 1.0), whole - side - 2.0)))
        for middle, side, whole in zip(centre, (width, height), size_px, strict=True)
    )
    return x, y, width, height


def _shared(first: Box, second: Box) -> float:
    """The shared area, as a share of the smaller box's."""
    width = min(first[0] + first[2], second[0] + second[2]) - max(first[0], second[0])
    height = min(first[1] + first[3], second[1] + second[3]) - max(first[1], second[1])
    smaller = min(first[2] * first[3], second[2] * second[3])
    return max(width, 0.0) * max(height, 0.0) / smaller
