"""Score against speed: which trials no other one beats in both.

One objective is searched and pruned by; this looks at what was found. Pure; it shows nothing.
"""

from collections.abc import Iterable

from results.trial_records import TrialRecord


def ms_per_image(record: TrialRecord) -> float | None:
    """Milliseconds that a trial takes to predict an image; None where nobody measured it."""
    measured = record.summary.get("ms_per_image")
    if isinstance(measured, int | float) and measured > 0:
        return float(measured)
    per_second = record.summary.get("fps")
    return 1000.0 / per_second if isinstance(per_second, int | float) and per_second > 0 else None


def pareto_set(records: Iterable[TrialRecord]) -> frozenset[int]:
    """Numbers of the COMPLETE trials that no other is at least equal to in score and speed and better in one.

    Trials without a score or a measured speed are not compared, nor are confirmations.
    Trials that are equal in both are all in the set.
    """
    places = [place for record in records if (place := _place(record)) is not None]
    chosen: set[int] = set()
    fastest_ms, of_score = float("inf"), float("inf")
    for score, ms, number in sorted(places, key=lambda place: (-place[0], place[1])):
        if ms < fastest_ms or (ms == fastest_ms and score == of_score):
            chosen.add(number)
            fastest_ms, of_score = ms, score
    return frozenset(chosen)


def _place(record: TrialRecord) -> tuple[float, float, int] | None:
    ms = ms_per_image(record)
    if not record.is_scored_candidate or record.score is None or ms is None:
        return None
    return record.score, ms, record.number
