"""What a COMPLETE trial left in its folder, read back for pages about it: boxes, solution, and what was allowed.

Reads only; who writes them is `trainables.trial`. A trial that kept no boxes is None, a damaged file is an error.
"""

import json
from dataclasses import dataclass

from results.boxes import Detections, Truth, read_detections, read_truth
from results.errors import DamagedFileError
from results.fingerprints import truth_fingerprint
from results.layout import TrialLayout
from results.post_settings import PostSpec
from results.rules import Rule
from results.solution import Solution
from results.solve import class_cap
from results.solve_store import RawSet, known_rows
from results.sweep import SweepTable


@dataclass(frozen=True)
class Boxes:
    """A trial's truth, and its detections after post-processing."""

    truth: Truth
    detections: Detections


@dataclass(frozen=True)
class Rows:
    """The rows that were evaluated on a trial's raw set.

    Attributes:
        judged_by: equal where two trials' rows can be compared: same truth, cap and suppression, the rule being one.
    """

    judged_by: str
    table: SweepTable


def read_boxes(trial: TrialLayout) -> Boxes | None:
    """None where the trial kept no truth or no detections.

    Raises:
        DamagedFileError: a file cannot be trusted.
    """
    if not (trial.truth.is_file() and trial.detections.is_file()):
        return None
    return Boxes(read_truth(trial.truth), read_detections(trial.detections)[0])


def read_raw_set(trial: TrialLayout, rule: Rule) -> RawSet | None:
    """The trial's raw detections with their truth, under `rule`; None where it kept none.

    Raises:
        DamagedFileError: a file cannot be trusted.
    """
    if not (trial.truth.is_file() and trial.raw.is_file()):
        return None
    return RawSet(read_truth(trial.truth), read_detections(trial.raw)[0], rule)


def read_spec(trial: TrialLayout) -> PostSpec | None:
    """What the post tier was allowed; None for a trial that kept no configuration.

    Raises:
        DamagedFileError: the configuration cannot be read.
    """
    if not trial.config.is_file():
        return None
    try:
        fields = json.loads(trial.config.read_bytes())["job"]["post"]
        return PostSpec(**{**fields, "nms": tuple(fields["nms"])})
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(
            f"{trial.config} keeps a trial's post tier; it cannot be read ({error!r}); restore the folder"
        ) from error


def read_rows(trial: TrialLayout, rule: Rule) -> Rows | None:
    """Every setting that was evaluated on the trial's raw set; None where it keeps none.

    Raises:
        DamagedFileError: a file cannot be trusted.
    """
    raw_set, spec = read_raw_set(trial, rule), read_spec(trial)
    table = None if raw_set is None or spec is None else known_rows(trial.prepared, raw_set, spec)
    if raw_set is None or spec is None or table is None:
        return None
    return Rows(f"{truth_fingerprint(raw_set.truth)} {class_cap(rule, spec)} {spec.suppress}", table)


def read_solution(trial: TrialLayout) -> Solution:
    """What the post tier chose.

    Raises:
        DamagedFileError: it is not there or cannot be read.
    """
    try:
        return Solution.from_dict(json.loads(trial.outcome.read_bytes())["solution"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(
            f"a COMPLETE trial keeps its solution in {trial.outcome}; it cannot be read ({error!r}); restore the folder"
        ) from error
