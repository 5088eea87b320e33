"""The record of a run: an append-only file of events, the one thing that a resumed search is rebuilt from.

    {"event": "run", "schema": 2, "time": ..., "name": ...}        first line, written with the file
    {"event": "asked", "number": 0, "params": {...}, "from": "known", "identity": ...}
    {"event": "started", "number": 0, "config_hash": ..., "epoch": 0}    epoch: what a checkpoint has brought
    {"event": "rung", "number": 0, "epoch": 4, "score": 0.31}
    {"event": "lost", "number": 0, "reason": ..., "epoch": 4}            epoch: of the checkpoint it goes on from
    {"event": "retried", "number": 0, "reason": ..., "accumulate": 2}
    {"event": "finished", "number": 0, "state": "COMPLETE", "score": 0.52, "summary": {...}}
    {"event": "answered", "number": 1, "params": {...}, "as": 0}, {"event": "rejected", "number": 2, "params": {...}}
    {"event": "asked", "number": 9, "params": {...}, "from": "confirmation", "confirms": 0, "seed": 7}
    {"event": "reused", "number": 5, "params": {...}, "run": "earlier", "trial": 3, "state": "COMPLETE", ...}
    {"event": "known", "params": {...}, "run": "earlier", "trial": 4}    to be tried first
    {"event": "resumed"}, {"event": "stopped", "reason": "60 trials done"}

Every event also carries `time`, in seconds since 1970. One process writes, any number read. A trial takes at most
`TRIAL_BYTES`; the rest of what it measured lies in its folder. What was answered or rejected is no trial. It does not
decide anything: which trial comes next, when one stops and what a failure means is the search's business.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from results import json_lines, ownership
from results.errors import DamagedFileError, DetectionSearchError, InputError
from results.json_lines import Event
from results.layout import lock_of, write_atomically

SCHEMA = 2
_READABLE = (1, SCHEMA)  # a ledger of schema 1 is one of schema 2 in which nothing was lost or retried
TRIAL_BYTES = 4096
COMPLETE, PRUNED, FAIL, RUNNING = "COMPLETE", "PRUNED", "FAIL", "RUNNING"
_END_STATES = (COMPLETE, PRUNED, FAIL)
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
        peak_gib: most memory that the trial took, where it was measured.
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
        return self.confirms is None and self.origin is None


class Ledger:
    """A ledger opened for writing; made by `Ledger.create` and `Ledger.open`, usable in a `with` block.

    Not safe for several threads: one of them, the driver's, appends.

    Args:
        path: an existing ledger, checked before.
        owner: this process, which holds the lock beside it.

    Attributes:
        clock: seconds since 1970; what events are stamped with. A simulated search sets one of its own.
    """

    def __init__(self, path: Path, owner: ownership.Owner) -> None:
        self.path = path
        self.clock: Callable[[], float] = time.time
        self._owner = owner
        self._descriptor: int | None = json_lines.open_for_append(path)

    @classmethod
    def create(cls, path: Path, header: Mapping[str, object]) -> Self:
        """Begins a ledger.

        Args:
            path: the file; its folder is made.
            header: goes into the first event; "event" and "schema" are added, and "time" if it is left out.

        Raises:
            InputError: the file exists, or another process is creating it.
            ValueError: the header holds NaN or an infinity.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        owner = ownership.acquire(lock_of(path))
        try:
            if path.exists():
                raise InputError("a new run has a ledger of its own", path, "choose another --name, or --resume it")
            fixed = {"event": "run", "schema": SCHEMA}
            write_atomically(path, json_lines.as_line({**fixed, "time": time.time(), **header, **fixed}))
            return cls(path, owner)
        except BaseException:
            ownership.release(lock_of(path), owner)
            raise

    @classmethod
    def open(cls, path: Path) -> Self:
        """Opens an existing ledger for writing; an unfinished last line is cut off.

        Raises:
            InputError: no such file, or another process writes it.
            DamagedFileError: the ledger cannot be trusted.
        """
        _require_file(path)
        owner = ownership.acquire(lock_of(path))
        try:
            read_events(path)
            return cls(path, owner)
        except BaseException:
            ownership.release(lock_of(path), owner)
            raise

    def append(self, event: Mapping[str, object]) -> Event:
        """Records an event; on return it is on the disk.

        Returns:
            The event as it was written, with its time.

        Raises:
            ValueError: the event has no name, holds NaN or an infinity, or the ledger is closed.
            TypeError: the event holds something that JSON has no form for.
            DetectionSearchError: the disk is full or gone.
        """
        if self._descriptor is None:
            raise ValueError(f"a closed ledger takes no events, received one for {self.path}; open it again")
        if not isinstance(event.get("event"), str):
            raise ValueError(f'an event names itself in "event", received {dict(event)!r}; see results.ledger')
        stamped = {"time": round(self.clock(), 3), **event}
        try:
            json_lines.append_line(self._descriptor, stamped)
        except OSError as error:
            rule = f"every decision is on record before it takes effect; {self.path} cannot be written"
            remedy = "make room, then go on with --resume: what is on record is whole"
            raise DetectionSearchError(f"{rule} ({error.strerror}); {remedy}") from error
        return stamped

    def close(self) -> None:
        """Gives the file and its lock back; closing twice does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            ownership.release(lock_of(self.path), self._owner)

    def __enter__(self) -> Self:
        """The ledger itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Closes the ledger, whatever happened."""
        self.close()


def read_events(path: Path) -> list[Event]:
    """All finished events of a ledger, the header first. Safe while another process writes.

    Raises:
        InputError: no such file.
        DamagedFileError: a line in the middle is not an event, or the ledger is of another schema.
    """
    _require_file(path)
    events = json_lines.read_lines(path)
    _checked_header(events, path)
    return events


def read_header(path: Path) -> Event:
    """The first event of a ledger, without reading the rest; see `read_events` for what it raises."""
    _require_file(path)
    with path.open("rb") as file:
        return _checked_header(json_lines.parse_lines(file.readline(), path), path)


def _checked_header(events: list[Event], path: Path) -> Event:
    header = events[0] if events else {}
    if header.get("event") != "run":
        raise DamagedFileError(f'a ledger begins with its "run" event; {path} does not: it is cut off or no ledger')
    if header.get("schema") not in _READABLE:
        raise DamagedFileError(
            f"this version reads ledgers of schemas {' and '.join(map(str, _READABLE))};"
            f" {path} has schema {header.get('schema')!r}; use the version that wrote it"
        )
    return header


def group_by_of(header: Event) -> str | None:
    """The data set's `group_by` that a ledger's first event carries, None where there is none."""
    pattern = header.get("group_by")
    return None if pattern is None else str(pattern)


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
    """Brings the records up to date with one more event; events that tell nothing of a trial change nothing.

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
    return replace(trial, rungs=tuple(sorted((*others, (epoch, score)))))


def _lost(trial: TrialRecord, event: Mapping[str, object]) -> TrialRecord:
    epoch = _whole_number(event["epoch"])
    losses = 1 if epoch > trial.lost_at else trial.losses + 1
    return replace(trial, losses=losses, lost_at=epoch, reason=_text(event["reason"]))


def _retried(trial: TrialRecord, event: Mapping[str, object]) -> TrialRecord:
    parts = _whole_number(event["accumulate"])
    return replace(trial, accumulate=parts, ran_out=(*trial.ran_out, trial.accumulate), reason=_text(event["reason"]))


def _finished(trial: TrialRecord, event: Mapping[str, object]) -> TrialRecord:
    state, summary = event["state"], _mapping(event.get("summary") or {})
    if state not in _END_STATES:
        raise ValueError(f"a trial ends {', '.join(_END_STATES)}, not {state!r}")
    return replace(
        trial,
        state=str(state),
        score=_score(event.get("score")),
        kind=_text(event.get("kind")),
        reason=_text(event.get("reason")),
        summary=summary,
        fingerprint=_text(event.get("fingerprint")),
        peak_gib=_score(event.get("peak_gib", summary.get("peak_gib"))),
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


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise InputError("a run has a ledger", f"no file {path}", "check --name and the folder you are in")


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
