"""Which trials are tied with the best: a paired image bootstrap of what each left on the validation images.

Intervals of two scores overlap long after their difference is sure, so ties are decided on the difference. Reads the
trials' files; a trial that kept none, or was scored against other boxes, is not compared.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from results.errors import DamagedFileError, InputError
from results.layout import RunLayout
from results.ledger import TrialRecord

if TYPE_CHECKING:
    from results.boxes import Detections, Truth
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
    from results.uncertainty import compare

    found = {}
    for record in ranked[1:MOST_COMPARED]:
        other = _files(run, record.number)
        if other is not None and _same_truth(base[0], other[0]):
            found[record.number] = compare(base[0], (base[1], other[1]), load_rule(rule), SEED, group_by)
    return found


def _files(run: RunLayout, number: int) -> "tuple[Truth, Detections] | None":
    from results.boxes import read_detections, read_truth

    trial = run.trial(number)
    try:
        return read_truth(trial.truth), read_detections(trial.detections)[0]
    except (DamagedFileError, InputError):
        return None


def _same_truth(first: "Truth", second: "Truth") -> bool:
    from results.fingerprints import truth_fingerprint

    return truth_fingerprint(first) == truth_fingerprint(second)
