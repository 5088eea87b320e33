"""Who may write a file: a lock file beside it that names its owner.

The lock is created exclusively, holds the owner's process, machine and time, and outlives a killed owner. A lock whose
process is gone from this machine is taken over, and that is said on stderr; one of another machine never is, because
nobody here can tell whether that process still runs. It does not protect against writers that ignore it.
"""

import contextlib
import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from results.disk import writing
from results.errors import InputError

# The owner writes its name microseconds after creating the file: a lock still nameless after this was left by a kill.
_NAMELESS_PATIENCE_S = 1.0
_LOOK_AGAIN_S = 0.05
_UNITS_S = {"days": 86400, "hours": 3600, "minutes": 60}
# Where proc(5)'s stat has the time a process started, counted from the state on.
_START_FIELD = 19


@dataclass(frozen=True)
class Owner:
    """A process that holds a lock.

    Attributes:
        pid: its number on its machine.
        host: its machine's name.
        time: when it took the lock, in seconds since 1970.
        process_start: when the process began, in the kernel's ticks since boot; tells a recycled pid. None if unknown.
    """

    pid: int
    host: str
    time: float
    process_start: int | None = None

    def is_gone(self) -> bool:
        """True if the process ran on this machine and does not any more. False if it runs, or if nobody can tell."""
        if self.host != socket.gethostname():
            return False
        if not _runs(self.pid):
            return True
        started = _process_start(self.pid)
        return self.process_start is not None and started is not None and self.process_start != started

    def described(self, now_s: float) -> str:
        """The owner in words, with the age of its lock."""
        return f"process {self.pid} on {self.host}, for {_age(now_s - self.time)}"


def owner_of(pid: int) -> Owner:
    """A process of this machine, as the owner of something that it takes now."""
    return Owner(pid, socket.gethostname(), time.time(), _process_start(pid))


def acquire(lock: Path) -> Owner:
    """Takes a lock for this process.

    Raises:
        InputError: another process holds it, or may hold it.
        DiskError: the lock cannot be written.
    """
    me = owner_of(os.getpid())
    with writing(lock):
        try:
            descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except FileExistsError:
            _take_over(lock, me)
            return me
        try:
            _sign(descriptor, me)
        except OSError:
            lock.unlink(missing_ok=True)  # a full disk takes the file and not its owner's name
            raise
        finally:
            os.close(descriptor)
    return me


def release(lock: Path, owner: Owner) -> None:
    """Gives a lock back; does nothing if it is no longer `owner`'s."""
    if _read_owner(lock) == owner:
        with contextlib.suppress(FileNotFoundError):
            lock.unlink()


def is_held(lock: Path) -> bool:
    """Whether a process holds the lock, or may hold it; False where the lock is missing or its owner is gone."""
    owner = _read_owner(lock)
    return lock.exists() if owner is None else not owner.is_gone()


def _take_over(lock: Path, me: Owner) -> None:
    owner = _read_patiently(lock)
    if owner is not None and not owner.is_gone():
        raise _refusal(lock, owner.described(me.time))
    with _guarded(lock) as descriptor:
        # Somebody may have been quicker between the look and the guard.
        if _read_owner(lock) != owner or not _is_same_file(lock, descriptor):
            raise _refusal(lock, "another process that takes it over at this moment")
        _sign(descriptor, me)
    was = "a process that was killed before it signed" if owner is None else owner.described(me.time)
    print(f"notice: took over {lock}: its owner is gone ({was})", file=sys.stderr)


@contextlib.contextmanager
def _guarded(lock: Path) -> Iterator[int]:
    """Opens the lock file so that of two processes that take it over at once only one gets through."""
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        raise _refusal(lock, "an owner that gives it back at this moment") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _refusal(lock, "another process that takes it over at this moment") from None
        yield descriptor
    finally:
        os.close(descriptor)


def _sign(descriptor: int, owner: Owner) -> None:
    data = json.dumps(asdict(owner)).encode("utf-8")
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, data, 0)
    os.fsync(descriptor)


def _refusal(lock: Path, owner: str) -> InputError:
    return InputError(
        "one process at a time writes a run's ledger",
        f"{lock} held by {owner}",
        "wait for it or stop it; if you know that it is gone, delete that file",
    )


def _read_patiently(lock: Path) -> Owner | None:
    """The owner, or None if the lock stays nameless."""
    deadline_s = time.monotonic() + _NAMELESS_PATIENCE_S
    owner = _read_owner(lock)
    while owner is None and time.monotonic() < deadline_s:
        time.sleep(_LOOK_AGAIN_S)
        owner = _read_owner(lock)
    return owner


def _read_owner(lock: Path) -> Owner | None:
    try:
        fields = json.loads(lock.read_bytes())
        start = fields.get("process_start")
        return Owner(
            pid=int(fields["pid"]),
            host=str(fields["host"]),
            time=float(fields["time"]),
            process_start=None if start is None else int(start),
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _is_same_file(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _runs(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    # A killed process whose parent has not asked for it still has a number, but writes nothing any more.
    return _process_fields(pid)[:1] not in (["Z"], ["X"])


def _process_start(pid: int) -> int | None:
    fields = _process_fields(pid)
    return int(fields[_START_FIELD]) if len(fields) > _START_FIELD else None


def _process_fields(pid: int) -> list[str]:
    # proc(5)'s stat from field 3, the state, on; the command's name before it may hold spaces and brackets.
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _age(seconds: float) -> str:
    for unit, unit_s in _UNITS_S.items():
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.0f} {unit}"
    return "less than two minutes"
