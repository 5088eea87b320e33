"""The hashes of points do not move with the code: a run of an older version is resumed and reused by a newer one.

`pinned_hashes.json` holds, for each shipped space, the hash of its default point and one digest over its known points
and every point that differs from the default in one value. Write it again (`python` with this file as its argument)
only for a change that is meant to change what is trained, and say so in docs/LOG.md.
"""

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from orchestrator.jobs import complete_views, stated_params
from search_spaces.domains import Choice, Fixed
from search_spaces.loading import SHIPPED_FOLDER, load_space
from search_spaces.points import default_point, point_with
from search_spaces.space import Space
from trainables.catalogue import DETECTORS
from trainables.effective import TrainingData, trial_hash
from trainables.jobs import TrialJob

PINNED = Path(__file__).with_name("pinned_hashes.json")
DATA = TrainingData("train.json", "images", (1, 2, 3), ("a", "b", "c"))
FITTED = "kmeans"  # needs boxes to fit to
SPACES = sorted(file.name for file in SHIPPED_FOLDER.glob("*.yaml"))


def hash_of(space: Space, point: Mapping[str, object]) -> str:
    """The hash of a point's trial on made-up data; of starting weights, whose path is this machine's, none."""
    params = {**stated_params(space, point)}
    if "init" in params:
        params["init"] = "none"
    detector = space.detector_at(point)
    views = tuple(complete_views(space, {**point, "init": "none"} if "init" in point else point))
    job = TrialJob(0, detector, params, views, {"nms": "iou"}, (), "", "rule", 0, "")
    return trial_hash(job, None if detector == "fake" else DATA)


def neighbours(space: Space) -> Iterator[Mapping[str, object]]:
    """The known points, then every point that differs from the default in one value."""
    yield from space.known
    for dimension in space.train:
        if dimension.name == "init":
            continue
        match dimension.domain:
            case Fixed():
                continue
            case Choice():
                values = dimension.domain.options
            case domain:
                values = (domain.low, domain.high)
        for value in values:
            point = point_with(space, dimension, value)
            if point is not None and FITTED not in point.values():
                yield point


def hashes_of(name: str) -> dict[str, object]:
    """The default's hash and a digest over the others."""
    space = load_space(name, DETECTORS, classes=DATA.category_ids)
    others = [hash_of(space, point) for point in neighbours(space)]
    digest = hashlib.sha256("\n".join(others).encode()).hexdigest()[:16]
    return {"default": hash_of(space, default_point(space)), "points": len(others), "digest": digest}


@pytest.mark.parametrize("name", SPACES)
def test_a_shipped_space_builds_what_it_always_built(name: str) -> None:
    assert hashes_of(name) == json.loads(PINNED.read_text(encoding="utf-8"))[name]


def test_at_least_ten_are_pinned() -> None:
    assert len(json.loads(PINNED.read_text(encoding="utf-8"))) >= 10


if __name__ == "__main__":
    PINNED.write_text(json.dumps({name: hashes_of(name) for name in SPACES}, indent=1) + "\n", encoding="utf-8")
    sys.exit(0)
