"""What the tests of the proof share: the configuration of the smallest detector, and changes to it."""

import copy
from typing import Any

from tiny_detector import TINY_DETECTOR

from trainables.effective import TrainingData, effective_config

DATA = TrainingData("train.json", "images", (1, 2), ("dot", "dash"))
CONFIG: dict[str, Any] = effective_config("cascade_rcnn", TINY_DETECTOR, DATA, seed=0)


def with_entry(config: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """A copy of a configuration with one entry set."""
    changed = copy.deepcopy(config)
    *above, last = place.split(".")
    inner = changed
    for key in above:
        inner = inner[key]
    inner[last] = value
    return changed
