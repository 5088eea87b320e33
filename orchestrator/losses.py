"""What is known of a dead worker, on one line and with its kind. But for the kernel's counter, the caller brings it."""

import re
from pathlib import Path

from trainables.failures import LOST_WORKER, OUT_OF_MEMORY, TIME_OUT

_PLACE = re.compile(r"\bpid: (?P<pid>\d+)(.*?\bip: (?P<ip>\S+))?", re.DOTALL)
# What follows the detail is Ray's list of causes that there may be.
_EXIT = re.compile(r"Worker exit type: (?P<type>\w+) Worker exit detail: (?P<detail>.*?)(There are some|Some common|$)")
# Ray itself kills the newest worker when the machine's memory is nearly full.
_MEMORY = re.compile(r"running low on memory|OUT_OF_MEMORY")
_LONGEST = 400
_COUNTERS = Path("/proc/vmstat")


def loss_kind(text: str, hung: str = "", kernel_kills: int = 0) -> str:
    """OUT_OF_MEMORY, TIME_OUT or LOST_WORKER.

    Args:
        text: of Ray's error; Ray ends the newest worker to keep its machine alive.
        hung: the traces of a worker that was ended because it hung; empty for another.
        kernel_kills: processes that the kernel has ended for their memory since the last loss.
    """
    if hung:
        return TIME_OUT
    return OUT_OF_MEMORY if kernel_kills > 0 or _MEMORY.search(text) else LOST_WORKER


def kernel_kills() -> int:
    """Processes that this machine's kernel has ended for want of memory since it started; 0 where it does not say."""
    try:
        counters = dict(line.split() for line in _COUNTERS.read_text().splitlines())
    except OSError:
        return 0
    return int(counters.get("oom_kill", 0))


def loss_reason(text: str, log: Path) -> str:
    """How a worker died, as far as Ray knows, and where the rest stands.

    Args:
        text: of Ray's error; empty where a trial ended without one.
        log: the file that holds all of it.
    """
    said = " ".join(text.split())
    exit_, place = _EXIT.search(said), _PLACE.search(text)
    if exit_ is not None:
        said = f"{exit_['type']}: {exit_['detail'].strip()}"
    if place is not None:
        said = f"process {place['pid']}{' on ' + place['ip'] if place['ip'] else ''}: {said}"
    return f"{said[:_LONGEST]}; see {log}" if said else "the worker ended without a report"
