"""The record of a run: an append-only file of events, the one thing that a resumed search is rebuilt from.

    {"event": "run", "schema": 2, "time": ..., "name": ...}        first line, written with the file
    {"event": "asked", "number": 0, "params": {...}, "from": "known", "identity": ...}
    {"event": "started", "number": 0, "config_hash": ..., "epoch": 0}    epoch: what a checkpoint has brought
    {"event": "rung", "number": 0, "epoch": 4, "score": 0.31, "peak_gib": 7.5}    where it has grown
    {"event": "lost", "number": 0, "reason": ..., "epoch": 4}            epoch: of the checkpoint it goes on from;
                                                                      "counts": false where it had not begun
    {"event": "retried", "number": 0, "reason": ..., "accumulate": 2}
    {"event": "finished", "number": 0, "state": "COMPLETE", "score": 0.52, "summary": {...}}
    {"event": "answered", "number": 1, "params": {...}, "as": 0}, {"event": "rejected", "number": 2, "params": {...}}
    {"event": "asked", "number": 9, "params": {...}, "from": "confirmation", "confirms": 0, "seed": 7}
    {"event": "reused", "number": 5, "params": {...}, "run": "earlier", "trial": 3, "state": "COMPLETE", ...}
    {"event": "known", "params": {...}, "run": "earlier", "trial": 4}    to be tried first
    {"event": "resumed"}, {"event": "stopped", "reason": "60 trials done"}

Every event also carries `time`, in seconds since 1970; within a session they are of a clock that nobody sets. One
process writes, any number read. A trial takes at most `TRIAL_BYTES`; the rest of what it measured lies in its folder.
What was answered or rejected is no trial. What is said of a trial after its end does not count: a second `finished`
never changes a result. What a line must hold stands in `results.ledger_events`. It does not decide anything: which
trial comes next, when one stops and what a failure means is the search's business.
"""

import errno
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from results import json_lines, ownership
from results.disk import writing
from results.errors import DamagedFileError, DiskError, InputError
from results.json_lines import Event
from results.layout import lock_of, write_atomically
from results.ledger_events import checked_events, is_known

SCHEMA = 2
_OTHER_THREAD_S = 1.0
_READABLE = (1, SCHEMA)  # a ledger of schema 1 is one of schema 2 in which nothing was lost or retried
TRIAL_BYTES = 4096


class Ledger:
    """A ledger opened for writing; made by `Ledger.create` and `Ledger.open`, usable in a `with` block.

    One thread, the driver's, appends; another one may end the session (`end_now`).

    Args:
        path: an existing ledger, checked before.
        owner: this process, which holds the lock beside it.

    Attributes:
        clock: seconds since 1970 that never go back; what events are stamped with. A simulated search sets its own.
    """

    def __init__(self, path: Path, owner: ownership.Owner) -> None:
        self.path = path
        self.clock: Callable[[], float] = steady_clock()
        self._owner = owner
        with writing(path):
            self._descriptor: int | None = json_lines.open_for_append(path)
        self._writing = threading.Lock()

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
        with writing(path):
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
            DiskError: the disk is full or gone.
        """
        if self._descriptor is None:
            raise ValueError(f"a closed ledger takes no events, received one for {self.path}; open it again")
        if not is_known(event.get("event")):
            raise ValueError(f'an event names itself in "event", received {dict(event)!r}; see results.ledger_events')
        stamped = {"time": round(self.clock(), 3), **event}
        try:
            with self._writing:
                json_lines.append_line(self._descriptor, stamped)
        except OSError as error:
            rule = f"every decision is on record before it takes effect; {self.path} cannot be written"
            remedy = "make room, then go on with --resume: what is on record is whole"
            raise DiskError(f"{rule} ({error.strerror}); {remedy}", error.errno or errno.EIO) from error
        return stamped

    def stop(self, reason: str) -> None:
        """Says on record why this session ends, where it has not said so yet.

        Raises:
            DetectionSearchError: the disk is full or gone.
        """
        if read_events(self.path)[-1]["event"] != "stopped":
            self.append({"event": "stopped", "reason": reason})

    def stop_and_keep(self, reason: str) -> None:
        """The same for a thread that ends this process: the file is closed, and its writer never gets it back.

        Where the writer waits for a disk that is gone, nothing happens: what is on record is whole.
        """
        if not self._writing.acquire(timeout=_OTHER_THREAD_S):
            return
        if self._descriptor is not None:
            if read_events(self.path)[-1]["event"] != "stopped":
                stopped = {"time": round(self.clock(), 3), "event": "stopped", "reason": reason}
                json_lines.append_line(self._descriptor, stopped)
            self.close()

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


def steady_clock() -> Callable[[], float]:
    """A clock that begins at the wall's time and goes on by itself, whoever sets the wall's clock meanwhile.

    Budgets are counted from a ledger's times.
    """
    began_s = time.time() - time.monotonic()
    return lambda: began_s + time.monotonic()


def read_events(path: Path) -> list[Event]:
    """All finished events of a ledger that count, the header first. Safe while another process writes.

    Raises:
        InputError: no such file.
        DamagedFileError: a line is not an event, see `results.ledger_events`, or the ledger is of another schema.
    """
    _require_file(path)
    events = json_lines.read_lines(path)
    _checked_header(events, path)
    return checked_events(events, path)


def read_header(path: Path) -> Event:
    """The first event of a ledger, without reading the rest; see `read_events` for what it raises."""
    _require_file(path)
    with path.open("rb") as file:
        return _checked_header(json_lines.parse_lines(file.readline(), path), path)


def was_killed(path: Path, events: Sequence[Event]) -> bool:
    """Whether the latest session of a run ended without saying so: nobody writes its ledger any more.

    Args:
        path: the ledger.
        events: what it holds.
    """
    if events[-1]["event"] == "stopped" or ownership.is_held(lock_of(path)):
        return False
    return read_events(path)[-1] == events[-1]  # else its owner wrote on, and gave the lock back, after they were read


def _checked_header(events: list[Event], path: Path) -> Event:
    header = events[0] if events else {}
    if header.get("event") != "run":
        raise DamagedFileError(f'a ledger begins with its "run" event; {path} does not: it is cut off or no ledger')
    if type(header.get("schema")) is not int or header.get("schema") not in _READABLE:
        raise DamagedFileError(
            f"this version reads ledgers of schemas {' and '.join(map(str, _READABLE))};"
            f" {path} has schema {header.get('schema')!r}; use the version that wrote it"
        )
    return header


def group_by_of(header: Event) -> str | None:
    """The data set's `group_by` that a ledger's first event carries, None where there is none."""
    pattern = header.get("group_by")
    return None if pattern is None else str(pattern)


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise InputError("a run has a ledger", f"no file {path}", "check --name and the folder you are in")
