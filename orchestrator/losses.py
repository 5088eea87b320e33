"""What Ray says of a dead worker, on one line and with its kind. Pure: the caller brings the text."""

import re
from pathlib import Path

from trainables.failures import LOST_WORKER, OUT_OF_MEMORY

_PLACE = re.compile(r"\bpid: (?P<pid>\d+)(.*?\bip: (?P<ip>\S+))?", re.DOTALL)
# What follows the detail is Ray's list of causes that there may be.
_EXIT = re.compile(r"Worker exit type: (?P<type>\w+) Worker exit detail: (?P<detail>.*?)(There are some|Some common|$)")
# Ray itself kills the newest worker when the machine's memory is nearly full.
_MEMORY = re.compile(r"running low on memory|OUT_OF_MEMORY")
_LONGEST = 400


def loss_kind(text: str) -> str:
    """OUT_OF_MEMORY where Ray ended the worker to keep its machine alive, LOST_WORKER otherwise."""
    return OUT_OF_MEMORY if _MEMORY.search(text) else LOST_WORKER


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
