"""What stands below the leaderboard's table: ties, settings, what was not trained here, how to read a score, the mark.

Sentences made of records alone; `results.leaderboard` prints them.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from results.pareto import pareto_set
from results.trial_records import COMPLETE, TrialRecord

if TYPE_CHECKING:
    from results.uncertainty import Comparison

SMALL_SET_BIAS = "An AP reads high on a small set: compare paired differences, never scores of sets of different size."
PARETO_MARK = "*"


def notes(finished: Sequence[TrialRecord], best: TrialRecord, tied: "Mapping[int, Comparison]") -> list[str]:
    """One sentence for each thing that the table has no room for.

    Args:
        finished: COMPLETE trials with a score, best first.
        best: the first of them, its summary whole.
        tied: as `results.ties` finds them.
    """
    found = (_settings_note(best), _tie_note(best, tied), _origin_note(finished))
    return [*(note for note in found if note), SMALL_SET_BIAS]


def overlap_note(header: Mapping[str, object]) -> list[str]:
    """That scores stand on images which were trained on, where the data set allowed it; from a ledger's first event."""
    shared = header.get("overlap")
    if not isinstance(shared, Sequence) or not shared:
        return []
    return [f"Scores here are too high: {'; '.join(map(str, shared))}."]


def _settings_note(best: TrialRecord) -> str:
    settings = best.summary.get("settings")
    if not isinstance(settings, Mapping):
        return ""
    listed = "; ".join(f"{key} {value}" for key, value in settings.items())
    return f"Settings of trial {best.number}: {listed}."


def _tie_note(best: TrialRecord, tied: "Mapping[int, Comparison]") -> str:
    if not tied:
        return ""
    equal = [str(number) for number, found in tied.items() if found.tied]
    shown = f"trial {', '.join(equal)}" if equal else "no other"
    return f"Tied with trial {best.number} (95% of the paired difference holds 0): {shown}."


def _origin_note(finished: Sequence[TrialRecord]) -> str:
    taken = [f"{record.number} ({record.origin})" for record in finished if record.origin]
    return f"Not trained here but in an earlier run (run/trial): {', '.join(taken)}." if taken else ""


def shown_score(record: TrialRecord, chosen: frozenset[int]) -> str:
    """A score with its mark."""
    if record.score is None:
        return "-"
    return f"{record.score:.4f}{PARETO_MARK if record.state == COMPLETE and record.number in chosen else ''}"


def speed_note(records: Sequence[TrialRecord]) -> str:
    """What the mark at a score means, empty where no score is marked."""
    chosen = pareto_set(records)
    if not chosen:
        return ""
    busy = any(record.summary.get("idle") is False for record in records if record.number in chosen)
    return f"{PARETO_MARK} no other trial is both better and faster{' (measured beside other trials)' if busy else ''}"
