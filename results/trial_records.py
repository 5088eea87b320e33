"""What a ledger's events say of each trial: one record a trial, brought up to date event by event. Pure.

It reads no file (`results.ledger` does) and decides nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from results.errors import DamagedFileError

COMPLETE, PRUNED, FAIL, RUNNING = "COMPLETE", "PRUNED", "FAIL", "RUNNING"
END_STATES = (COMPLETE, PRUNED, FAIL)
KNOWN, SAMPLER, CONFIRMATION = "known", "sampler", "confirmation"  # who proposed a trial


@dataclass(frozen=True)
class TrialRecord:
    """What a ledger says of one trial.

    Attributes:
        number: the trial's number in its run.
        params: the parameters that were asked for.
        source: who proposed them: "known", "sampler", or "confirmation" of another trial.
        state: COMPLETE, PRUNED, FAIL or RUNNING (asked for, and no end on record).
        score: the final score; None if there is none or if it is undefined.
        rungs: (epoch, score) by epoch; what an attempt reported beyond the checkpoint that the next one went on from
            is gone.
        kind: the kind of a failure, such as "out of memory".
        reason: why the trial was stopped, failed, or is tried again.
        summary: what else the trial measured; see `results.leaderboard` for the keys that are shown.
        accumulate: parts that each batch is trained in, see `trainables.jobs`; above 1 after a retry.
        ran_out: numbers of parts that were too few: the memory did not suffice.
        losses: workers lost in a row without a new checkpoint in between.
        lost_at: epoch of the checkpoint at the last of them.
        fingerprint: equal for failures with the same traceback.
        peak_gib: most memory that the trial took with batches in these parts, where it was measured.
        confirms: the trial whose point is trained once more here; None for a trial of the search itself.
        seed: of such a training; every other trial's seed follows from its number.
        origin: "run/trial" of an earlier run whose result stands here; such a trial was not trained in this run.
    """

    number: int
    params: Mapping[str, object] = field(default_factory=dict)
    source: str = SAMPLER
    state: str = RUNNING
    score: float | None = None
    rungs: tuple[tuple[int, float | None], ...] = ()
    kind: str | None = None
    reason: str | None = None
    summary: Mapping[str, object] = field(default_factory=dict)
    accumulate: int = 1
    ran_out: tuple[int, ...] = ()
    losses: int = 0
    lost_at: int = 0
    fingerprint: str | None = None
    peak_gib: float | None = None
    confirms: int | None = None
    seed: int | None = None
    origin: str | None = None

    @property
    def is_searched(self) -> bool:
        """Whether the number of trials counts it: confirmations and results of earlier runs are extra."""
        return self.is_candidate and self.origin is None

    @property
    def is_candidate(self) -> bool:
        """Whether it may be called the best: a confirmation trains a point again that is a candidate already."""
        return self.confirms is None

    @property
    def is_scored_candidate(self) -> bool:
        """Whether it is a candidate that ended COMPLETE with a score."""
        return self.is_candidate and self.state == COMPLETE and self.score is not None


def trials_of(events: Iterable[Mapping[str, object]]) -> dict[int, TrialRecord]:
    """What the events say of each trial, by number in the order of asking.

    Args:
        events: as `read_events` gives them, from the header on.

    Raises:
        DamagedFileError: an event belongs to a trial that was never asked for, or lacks its fields.
    """
    trials: dict[int, TrialRecord] = {}
    for line, event in enumerate(events, start=1):
        try:
            apply_event(trials, event)
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedFileError(
                f"a trial is asked for before anything else is said of it, and events are whole;"
                f" event {line} of the ledger is not: {event!r} ({error!r}); restore the ledger from a copy"
            ) from error
    return trials


def apply_event(trials: dict[int, TrialRecord], event: Mapping[str, object]) -> None:
    """Brings the records up to date with one more event; one that tells nothing of a running trial changes nothing.

    Args:
        trials: by number; changed in place.
        event: the next one of the ledger.

    Raises:
        KeyError, TypeError, ValueError: the event lacks its fields, or its trial was never asked for.
    """
    change = _CHANGES.get(str(event["event"])) if "event" in event else None
    if change is None:
        return
    number = _whole_number(event["number"])
    before = TrialRecord(number) if event["event"] in ("asked", "reused") else trials[number]
    if before.state == RUNNING:  # what is said of a trial after its end changes nothing
        trials[number] = change(before, event)


def _asked(trial: TrialRecord, event: Mapping[str, object]) -> TrialRecord:
    return replace(
        trial,
        params=_mapping(event["params"]),
        source=str(event.get("from", trial.source)),
        accumulate=_whole_number(event.get("accumulate", 1)),
        reason=_text(event.get("reason")),
        confirms=_whole_number_or_none(event.get("confirms")),
        seed=_whole_number_or_none(event.get("seed")),
    )


def _reused(trial: TrialRecord, event: Mapping[str, object]) -> TrialRecord:
    rungs = event["rungs"]
    if not isinstance(rungs, list | tuple):
        raise TypeError(f"a list of epochs and scores is needed, not {rungs!r}")
    pairs = tuple((_whole_number(epoch), _score(score)) for epoch, score in rungs)
    return replace(_finished(_asked(trial, event), event), rungs=pairs, origin=f"{event['run']}/{event['trial']}")


def _started(trial: TrialRecord, event: Mapping[str, object]) -> TrialRecord:
    # What was reported beyond the checkpoint comes again; a start anew keeps nothing.
    epoch = _whole_number(event.get("epoch", 0))
    kept = tuple(rung for rung in trial.rungs if rung[0] <= epoch)
    return replace(trial, rungs=kept, kind=None, reason=None)


def _rung(trial: TrialRecord, event: Mapping[str, object]) -> TrialRecord:
    epoch, score = _whole_number(event["epoch"]), _score(event["score"])
    others = tuple(rung for rung in trial.rungs if rung[0] != epoch)
    peak_gib = _score(event.get("peak_gib", trial.peak_gib))
    return replace(trial, rungs=tuple(sorted((*others, (epoch, score)))), peak_gib=peak_gib)


def _lost(trial: TrialRecord, event: Mapping[str, object]) -> TrialRecord:
    epoch = _whole_number(event["epoch"])
    if event.get("counts") is False:
        return replace(trial, reason=_text(event["reason"]))
    losses = 1 if epoch > trial.lost_at else trial.losses + 1
    return replace(trial, losses=losses, lost_at=epoch, reason=_text(event["reason"]))


def _retried(trial: TrialRecord, event: Mapping[str, object]) -> TrialRecord:
    parts = _whole_number(event["accumulate"])
    ran_out = (*trial.ran_out, trial.accumulate)
    return replace(trial, accumulate=parts, ran_out=ran_out, reason=_text(event["reason"]), peak_gib=None)


def _finished(trial: TrialRecord, event: Mapping[str, object]) -> TrialRecord:
    state, summary = event["state"], _mapping(event.get("summary") or {})
    if state not in END_STATES:
        raise ValueError(f"a trial ends {', '.join(END_STATES)}, not {state!r}")
    return replace(
        trial,
        state=str(state),
        score=_score(event.get("score")),
        kind=_text(event.get("kind")),
        reason=_text(event.get("reason")),
        summary=summary,
        fingerprint=_text(event.get("fingerprint")),
        peak_gib=_score(event.get("peak_gib", summary.get("peak_gib", trial.peak_gib))),
    )


_CHANGES = {
    "asked": _asked,
    "reused": _reused,
    "started": _started,
    "rung": _rung,
    "lost": _lost,
    "retried": _retried,
    "finished": _finished,
}


def _whole_number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"a whole number is needed, not {value!r}")
    return value


def _whole_number_or_none(value: object) -> int | None:
    return None if value is None else _whole_number(value)


def _score(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"a score is a number or null, not {value!r}")
    return float(value)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError(f"an object is needed, not {value!r}")
    return value
