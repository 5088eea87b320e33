"""Points that a RepPoints head describes an object by."""

import math
from collections.abc import Mapping

from trainables.parameters import number, whole

PARAMETERS = (
    whole("points", 9, (9, 49), "points of an object; an odd number squared, a deformable convolution's kernel"),
    number("point_base_scale", 4.0, (1.0, 64.0), "side of the first box in strides of its level"),
)


def _points_conflict(parameters: Mapping[str, object]) -> str | None:
    count = int(str(parameters["points"]))
    side = math.isqrt(count)
    if side * side == count and side % 2:
        return None
    return f"points is an odd number squared, not {count}; write 9, 25 or 49"


CONFLICTS = (_points_conflict,)
