"""Shows a running search: a live table on a terminal, one line an event where output goes to a file or a pipe."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.live import Live

from orchestrator.progress import Progress, clock, render
from orchestrator.refusals import CONFLICT, FORBIDDEN
from orchestrator.study import Study
from orchestrator.tally import Tally
from results.trial_records import RUNNING, TrialRecord

_LINES_AROUND = 4  # of the live table: headline, dashboard, column titles, and the cursor's


class LiveView:
    """Follows a study; made by `watching`.

    Args:
        study: what is shown.
        start: how the search stood when this session began; its clock runs from now.
        console: where to.
    """

    def __init__(self, study: Study, start: Progress, console: Console) -> None:
        self._study = study
        self._start = start
        self._console = console
        self._began = time.monotonic()
        self._tally = Tally(study.records.values())
        self._ended_before = _ended(study.records)

    def progress(self) -> Progress:
        """How the search stands now."""
        records = dict(self._study.records)  # a copy: the table is drawn by another thread
        return Progress(
            name=self._start.name,
            records=records,
            trials=self._start.trials,
            epochs=self._start.epochs,
            elapsed_s=time.monotonic() - self._began,
            before_s=self._start.before_s,
            ended_here=_ended(records) - self._ended_before,
            slots=self._start.slots,
            left_s=self._study.limits.left_s(),
            dashboard=self._start.dashboard,
        )

    def say_change(self, study: Study, event: Mapping[str, object]) -> None:
        """Prints a line for the trial that an event of the ledger changes."""
        record = study.records.get(int(str(event.get("number", -1))))
        if record is not None and self._tally.note(record):
            self._console.print(self._line(record), highlight=False, soft_wrap=True)

    def say_rejection(self, _study: Study, event: Mapping[str, object]) -> None:
        """Prints a line for a point that was rejected for its memory: it is no trial, and no table shows it."""
        if event["event"] == "rejected" and event["kind"] not in (FORBIDDEN, CONFLICT):
            stamp, params = clock(time.monotonic() - self._began), event["params"]
            point = ", ".join(f"{key}={value}" for key, value in params.items()) if isinstance(params, Mapping) else ""
            line = f"{stamp:>7}  a point is rejected, no trial is spent on it: {event['reason']} ({point})"
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)

    def __rich__(self) -> RenderableType:
        return render(self.progress(), max(self._console.height - _LINES_AROUND, 1))

    def _line(self, record: TrialRecord) -> str:
        stamp = clock(time.monotonic() - self._began)
        epoch, score = record.rungs[-1] if record.rungs else (0, None)
        shown = record.score if record.score is not None else score
        best = self._tally.best
        parts = [f"{stamp:>7}  trial {record.number:>3}  {record.state:<8}  epoch {epoch}"]
        parts.append(f"score {'-' if shown is None else f'{shown:.4f}'}")
        parts.append(f"best {'-' if best is None else f'{best:.4f}'}")
        if record.origin:
            parts.append(f"(of an earlier run: {record.origin})")
        if record.reason:
            parts.append(f"({' '.join(record.reason.split())})")
        return "  ".join(parts)


@contextmanager
def watching(study: Study, start: Progress, console: Console) -> Iterator[LiveView]:
    """Shows the study while the block runs."""
    view = LiveView(study, start, console)
    study.subscribe(view.say_rejection)
    if not console.is_terminal:
        study.subscribe(view.say_change)
        yield view
        return
    with Live(view, console=console, refresh_per_second=2, transient=True):
        yield view


def _ended(records: dict[int, TrialRecord]) -> int:
    return sum(1 for record in records.values() if record.state != RUNNING)
