"""Ends a search whose Ray has died: Ray's own calls then wait for ever, or end the process in C++ without a word.

A thread looks at what this driver stands on. On a cluster of its own these are two processes that `ray.init` started,
the raylet and the GCS; on a joined one, the raylet of this machine and the port of the head's GCS. Workers and
other nodes that are lost are no end: their trials go on elsewhere (`orchestrator.tune`).
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.stopping import STOPPING
from results import ownership, signals
from results.commands import EXIT_FAILED

_EVERY_S = 1.0
# A signal to all of a group ends Ray's processes, too, and is then what the search has ended of.
_PROCESS_LOOKS = 2
# A port that does not answer may be busy; Ray itself gives the GCS up after a minute, without a word of ours.
_SILENT_LOOKS = 30
_ANSWER_WITHIN_S = 2.0

IsAlive = Callable[[], bool]


@dataclass
class Support:
    """Something that a driver cannot do without.

    Attributes:
        name: in words.
        is_alive: looks at it.
        most_misses: looks in a row that may find it dead; it has died at the next.
    """

    name: str
    is_alive: IsAlive
    most_misses: int = 0
    misses: int = field(default=0, init=False)

    def has_died(self) -> bool:
        """Looks once more."""
        self.misses = 0 if self.is_alive() else self.misses + 1
        return self.misses > self.most_misses


@contextmanager
def ended_if_ray_dies(is_own: bool) -> Iterator[None]:
    """While the block runs, the death of this driver's Ray ends the process: one line, exit code 1.

    Args:
        is_own: whether `ray.init` of this process started the cluster.
    """
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(supports(is_own), over), name="lifeline", daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join()


def supports(is_own: bool) -> list[Support]:
    """What the driver of the cluster that this process is connected to stands on."""
    from ray._private.worker import _global_node

    if _global_node is None:
        return []
    if is_own:
        return [*_started("raylet", "Ray's raylet"), *_started("gcs_server", "Ray's head process (GCS)")]
    gcs = Support(f"the Ray head at {_global_node.gcs_address}", _answers(_global_node.gcs_address), _SILENT_LOOKS)
    raylet = raylet_pid(_global_node.raylet_socket_name)
    return [gcs] if raylet is None else [gcs, Support("Ray's raylet on this machine", _runs(raylet), _PROCESS_LOOKS)]


def raylet_pid(socket_name: str, processes: Path = Path("/proc")) -> int | None:
    """The process of the raylet that listens at a socket; None where nobody can tell."""
    for command in processes.glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            program, *arguments = command.read_bytes().decode("utf-8", "replace").split("\0")
            if program.endswith("/raylet") and any(one.endswith(f"={socket_name}") for one in arguments):
                return int(command.parent.name)
    return None


def _started(kind: str, name: str) -> list[Support]:
    from ray._private.worker import _global_node

    started: list[Any] = _global_node.all_processes.get(kind, []) if _global_node is not None else []
    return [Support(name, _runs(one.process.pid), _PROCESS_LOOKS) for one in started]


def _runs(pid: int) -> IsAlive:
    owner = ownership.owner_of(pid)
    return lambda: not owner.is_gone()


def _answers(address: str) -> IsAlive:
    host, _, port = address.rpartition(":")

    def answers() -> bool:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_WITHIN_S).close()
        except OSError:
            return False
        return True

    return answers


def _watch(standing_on: Sequence[Support], over: threading.Event) -> None:
    while not over.wait(_EVERY_S):
        dead = next((one for one in standing_on if one.has_died()), None)
        if dead is not None and not over.is_set() and signals.received() is None:
            STOPPING.end_now(EXIT_FAILED, f"{dead.name} has died")
