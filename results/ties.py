"""Which trials are tied with the best: a paired image bootstrap of what each left on the validation images.

Intervals of two scores overlap long after their difference is sure, so ties are decided on the difference. Reads the
trials' files; a trial that kept none, or was scored against other boxes, is not compared.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from results.errors import DamagedFileError, InputError
from results.layout import RunLayout
from results.trial_records import TrialRecord

if TYPE_CHECKING:
    from results.boxes import Truth
    from results.trial_files import Boxes
    from results.uncertainty import Comparison

MOST_COMPARED = 10
SEED = 0


def ties(
    run: RunLayout, ranked: Sequence[TrialRecord], rule: str, group_by: str | None = None
) -> "dict[int, Comparison]":
    """The best trial against each of those that follow, by number; at most ten.

    Args:
        run: where the trials' files are.
        ranked: COMPLETE trials, best first.
        rule: that decides, by name or path.
        group_by: of the data set; images of one group are drawn together.
    """
    base = _files(run, ranked[0].number) if ranked else None
    if base is None:
        return {}
    from results.rules import load_rule  # these compile and load kernels: only trials with files pay
    from results.uncertainty import difference, drawn_truth, measured

    truth, weights = drawn_truth(base.truth, load_rule(rule), SEED, group_by)
    best = measured(truth, base.detections, weights)
    found = {}
    for record in ranked[1:MOST_COMPARED]:
        other = _files(run, record.number)
        if other is not None and _same_truth(base.truth, other.truth):
            found[record.number] = difference(best, measured(truth, other.detections, weights))
    return found


def _files(run: RunLayout, number: int) -> "Boxes | None":
    trial = run.trial(number)
    if not trial.truth.is_file():  # a trial of the fake detector: no need to load kernels
        return None
    from results.trial_files import read_boxes

    try:
        return read_boxes(trial)
    except (DamagedFileError, InputError):
        return None


def _same_truth(first: "Truth", second: "Truth") -> bool:
    from results.fingerprints import truth_fingerprint

    return truth_fingerprint(first) == truth_fingerprint(second)
