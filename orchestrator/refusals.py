"""Points that are never handed out, whoever proposes them: those that the space forbids, and those no detector takes.

A sampler draws each key by itself, so it may combine values that exclude each other. Pure; records and tells nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.jobs import complete_params, stated_params
from results.errors import InputError
from search_spaces.points import forbidden_by, shown_clause
from search_spaces.space import Space
from trainables.catalogue import DETECTORS

Point = Mapping[str, object]

# Why a point is rejected: the space has no such point; its detector's values exclude each other.
FORBIDDEN, CONFLICT = "forbidden", "conflict"


@dataclass(frozen=True)
class Refusal:
    """Why a point is no trial's.

    Attributes:
        kind: FORBIDDEN or CONFLICT.
        reason: a sentence.
    """

    kind: str
    reason: str


def refusal(space: Space, point: Point) -> Refusal | None:
    """What speaks against a point, None where nothing does."""
    clause = forbidden_by(space.forbid, point)
    if clause is not None:
        return Refusal(FORBIDDEN, f"the space forbids {shown_clause(clause)}")
    fault = conflict(space, point)
    return None if fault is None else Refusal(CONFLICT, fault)


def conflict(space: Space, point: Point) -> str | None:
    """What speaks against a point beside the space: values that exclude each other, or a start nobody published."""
    fault = excluded(space, point)
    if fault is not None:
        return fault
    try:
        complete_params(space, point)
    except InputError as error:
        return error.line()
    return None


def excluded(space: Space, point: Point) -> str | None:
    """What its detector has against a point, None where its values go together."""
    return DETECTORS[space.detector_at(point)].combination_fault(stated_params(space, point))
