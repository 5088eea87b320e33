"""What becomes of a trial that lost its worker or ran out of memory: tried again, and how, or given up. Pure.

A lost worker says nothing of the trial: it goes on from its checkpoint. Out of memory says that the batch is too large:
once, half of it is tried. Every other failure is final.
"""

from collections.abc import Mapping

from results.trial_records import TrialRecord
from trainables.jobs import most_parts

# So many workers in a row without a new checkpoint: whatever kills them will kill the next one.
MOST_LOSSES = 3


def goes_on_after_loss(record: TrialRecord, epoch: int) -> bool:
    """Whether a trial is run again after its worker was lost.

    Args:
        record: the trial, this loss not yet on it.
        epoch: of the checkpoint that it would go on from; 0 for none.
    """
    return epoch > record.lost_at or record.losses + 1 < MOST_LOSSES


def parts_after_out_of_memory(record: TrialRecord, params: Mapping[str, object]) -> int | None:
    """The number of parts in which a batch is tried that did not fit.

    Args:
        record: the trial.
        params: complete ones, with the detector's defaults.

    Returns:
        None where halves have been tried, or where the batch has none.
    """
    parts = most_parts(params)
    return parts if parts > record.accumulate else None
