"""Whether the device that trials will run on has what the points of a space ask for; told before anything is written.

Looks at the default point, the known ones, and each written value of each key changed alone. Imports no torch. A trial
looks at its own configuration once more, on the device that it really has.
"""

from collections.abc import Iterator, Mapping

from orchestrator.jobs import complete_params
from orchestrator.refusals import conflict
from search_spaces.domains import Choice, Fixed
from search_spaces.points import default_point, point_with
from search_spaces.space import Space
from trainables.catalogue import DETECTORS
from trainables.detectors import configured
from trainables.detectors.optimization import optimization
from trainables.device_needs import check_device

Point = Mapping[str, object]


def check_devices(space: Space, on_gpu: bool) -> None:
    """Refuses a space with a point that its trials' device cannot run.

    Args:
        space: as loaded.
        on_gpu: whether trials run on GPUs.

    Raises:
        InputError: it names what is missing and where it is asked for.
    """
    for point in _points(space):
        if conflict(space, point) is None:
            check_device(_parts(space, point), on_gpu)


def _points(space: Space) -> Iterator[Point]:
    yield default_point(space)
    yield from space.known
    written = [one for one in space.train if isinstance(one.domain, Fixed | Choice)]
    changed = (point_with(space, one, value) for one in written for value in one.domain.values())
    yield from (point for point in changed if point is not None)


def _parts(space: Space, point: Point) -> Mapping[str, object]:
    """What may ask for more than every device has; detectors of the catalogue's own do so in their training alone."""
    detector, params = space.detector_at(point), complete_params(space, point)
    if detector == configured.NAME:
        return {"model": configured.model_config(params, class_count=1), **configured.optimization(params)}
    return optimization(params) if DETECTORS[detector].reads_data else {}
