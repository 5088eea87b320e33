"""What a leaderboard says below its table of the best trial's post-processing: small classes, and what the cap cost.

Reads the trial's outcome as plain json, so that the page of a run loads no kernels for it.
"""

import json
from collections.abc import Mapping
from typing import Any

from results.errors import DamagedFileError
from results.layout import TrialLayout

FEW_BOXES = 20


def solution_notes(trial: TrialLayout, number: int) -> list[str]:
    """One line each; none for a trial that kept no solution, as those of the fake detector.

    Args:
        trial: a COMPLETE one.
        number: as the leaderboard calls it.

    Raises:
        DamagedFileError: its outcome cannot be read.
    """
    if not trial.outcome.is_file():
        return []
    try:
        solution = json.loads(trial.outcome.read_bytes()).get("solution")
        return [] if solution is None else [*_small_classes(solution["score"]["boxes"]), *_cap(solution, number)]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(
            f"a COMPLETE trial keeps its solution in {trial.outcome}; it cannot be read ({error!r}); restore the folder"
        ) from error


def _small_classes(boxes: Mapping[str, int]) -> list[str]:
    small = [f"{id_} ({count})" for id_, count in boxes.items() if count < FEW_BOXES]
    if not small:
        return []
    return [f"Classes with under {FEW_BOXES} validation boxes, where an AP point is noise: {', '.join(small)}."]


def _cap(solution: Mapping[str, Any], number: int) -> list[str]:
    if solution["max_per_image"] is None:
        return []
    return [f"The cap of {solution['max_per_image']} boxes an image costs trial {number} {solution['cap_cost']:.5f}."]
