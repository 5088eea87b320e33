"""Ends a worker that hangs: time limits are checked between iterations, and a stuck one never comes to the next.

A clock in C ends the process, whatever Python or a library waits for, and leaves every thread's traceback in a file: by
it the driver tells such a worker from a lost one. A process that the kernel itself cannot end stays.
"""

import faulthandler
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from results.layout import TrialLayout

# A trial ends itself at its limit; a rung or a sweep that is under way then may take a while longer.
_MARGIN_SHARE, _MARGIN_S = 0.1, 120.0


@contextmanager
def ended_if_hung(job: Mapping[str, Any]) -> Iterator[None]:
    """Ends this process where a trial takes clearly longer than it may; does nothing for one without a limit.

    Args:
        job: the fields of a `TrialJob`.
    """
    limit_s: float | None = job["time_limit_s"]
    if limit_s is None:
        yield
        return
    file = TrialLayout(Path(str(job["folder"]))).hung
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8") as traces:
        faulthandler.dump_traceback_later(limit_s * (1 + _MARGIN_SHARE) + _MARGIN_S, exit=True, file=traces)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
            file.unlink()


def traces_of_hung(trial: TrialLayout) -> str:
    """Where each thread of a worker stood that was ended because it hung; empty for one that was not."""
    try:
        return trial.hung.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
