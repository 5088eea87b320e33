"""Which trials go into an ensemble: the best finished ones.

It looks at scores only. Trials that were stopped early are never taken, however good their score on an early rung
looked, because nothing says that it would have lasted; neither are trials whose score is undefined, nor confirmations,
which would take one point several times.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass

from results.errors import InputError
from results.ranking import scored
from results.trial_records import TrialRecord


@dataclass(frozen=True)
class Selection:
    """The trials to fuse.

    Attributes:
        trials: best first, at least one.
        notice: what the user should know when there are fewer than asked for; None otherwise.
    """

    trials: tuple[TrialRecord, ...]
    notice: str | None


def select_best(trials: Iterable[TrialRecord], count: int) -> Selection:
    """The `count` best COMPLETE trials, fewer if there are fewer. Of equal scores the earlier trial is better.

    Raises:
        InputError: `count` is below 1, or no trial is COMPLETE with a score.
    """
    if count < 1:
        raise InputError("an ensemble has at least one trial", f"--top {count}", "give --top 1 or more")
    records = list(trials)
    ranked = scored(records)
    if not ranked:
        raise InputError(
            "an ensemble is made of COMPLETE trials",
            f"none with a score among {len(records)} trials",
            "let the search go on (--resume), or take another --run",
        )
    chosen = tuple(ranked[:count])
    short = len(chosen) < count
    return Selection(chosen, f"{count} trials asked for, {len(chosen)} COMPLETE: using these" if short else None)


def select_kept(trials: Iterable[TrialRecord], count: int, kept: Container[int]) -> Selection:
    """The `count` best COMPLETE trials whose weights were kept; says which better ones are left out for that.

    Args:
        trials: of a run.
        count: how many.
        kept: numbers of the trials that have their weights; a search keeps those of its best trials only.

    Raises:
        InputError: as `select_best`.
    """
    records = list(trials)
    selection = select_best([one for one in records if one.number in kept], count)
    chosen = {one.number for one in selection.trials}
    gone = [str(one.number) for one in select_best(records, count).trials if one.number not in chosen]
    if not gone:
        return selection
    left_out = f"left out, as search.keep_checkpoints did not keep their weights: trials {', '.join(gone)}"
    return Selection(selection.trials, "; ".join(filter(None, (selection.notice, left_out))))
