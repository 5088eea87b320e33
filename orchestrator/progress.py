"""How a search stands, as a rich table: built from the ledger's records alone, so any process can show it.

Pure: the caller brings the clock and prints.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.budget import SESSION_BEGINS, Spending
from results.json_lines import Event
from results.ranking import scored
from results.trial_records import COMPLETE, FAIL, PRUNED, RUNNING, TrialRecord

_STYLES = {COMPLETE: "green", PRUNED: "yellow", FAIL: "red", RUNNING: "cyan"}
UNFINISHED = "unfinished"  # RUNNING on record, and run by nobody
_MOST_ROWS = 20
_WIDTHS = {"trial": 5, "state": 10, "epoch": 6, "score": 6, "best so far": 11}


@dataclass(frozen=True)
class Progress:
    """A search at one moment.

    Attributes:
        name: the run's name.
        records: its trials by number.
        trials: how many there shall be.
        epochs: the longest training of one trial.
        elapsed_s: seconds since this session of the search began.
        before_s: seconds of the sessions before this one.
        ended_here: trials that ended in this session.
        slots: trials at once.
        left_s: seconds until the time budget ends, or None.
        dashboard: Ray's dashboard as host:port, or None.
        killed: whether the process that ran the search is gone; what it left RUNNING is unfinished.
    """

    name: str
    records: Mapping[int, TrialRecord]
    trials: int
    epochs: int
    elapsed_s: float = 0.0
    before_s: float = 0.0
    ended_here: int = 0
    slots: int = 1
    left_s: float | None = None
    dashboard: str | None = None
    killed: bool = False


def seconds_before(events: Sequence[Event]) -> float:
    """What the sessions before the latest one took, each from its first event to its last; from a ledger's events."""
    begins = [place for place, event in enumerate(events) if event["event"] in SESSION_BEGINS]
    earlier = events[: begins[-1]] if begins else []
    return Spending(earlier).hours(float(str(earlier[-1]["time"]))) * 3600 if earlier else 0.0


def best_score(records: Mapping[int, TrialRecord]) -> float | None:
    """The best score of a COMPLETE trial, confirmations left out; None before the first."""
    return next((record.score for record in scored(records.values())), None)


def remaining_s(progress: Progress) -> float | None:
    """Expected seconds to the end, from the pace of this session; None before a trial has ended in it."""
    confirming = sum(one.state == RUNNING for one in progress.records.values() if not one.is_searched)
    if progress.killed:
        return 0.0
    open_trials = max(progress.trials - _ended(progress), 0) + confirming
    if open_trials == 0:
        return 0.0
    if progress.ended_here == 0:
        return progress.left_s
    estimate = progress.elapsed_s / progress.ended_here * open_trials
    return estimate if progress.left_s is None else min(estimate, progress.left_s)


def render(progress: Progress, most_rows: int = _MOST_ROWS) -> RenderableType:
    """The live view: a headline, then one row a trial, the newest last, the oldest left out beyond `most_rows`."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    for column in ("trial", "state", "epoch", "score", "best so far"):
        justify: Literal["left", "right"] = "left" if column == "state" else "right"
        table.add_column(column, justify=justify, no_wrap=True, min_width=_WIDTHS[column])
    table.add_column("settings", overflow="ellipsis", no_wrap=True, ratio=1)
    numbers = sorted(progress.records)
    best: float | None = None
    shown = numbers[-most_rows:]
    varied = searched_params({number: progress.records[number] for number in shown})
    for number in numbers:
        record = progress.records[number]
        if record.is_scored_candidate and record.score is not None:
            best = record.score if best is None else max(best, record.score)
        if number >= shown[0]:
            table.add_row(*_row(record, best, varied, progress))
    return Group(headline(progress), table)


def headline(progress: Progress) -> Text:
    """Two lines: the run and where the dashboard is; how far it is, the best so far, the time left."""
    name = Text(progress.name, style="bold")
    if progress.dashboard:
        name.append(f"  Ray dashboard http://{progress.dashboard}", style="not bold dim")
    parts = [
        f"{_ended(progress)} of {progress.trials} trials ended",
        *_extras(progress),
        f"best {_number(best_score(progress.records))}",
    ]
    parts.append(f"elapsed {clock(progress.before_s + progress.elapsed_s)}")
    left = remaining_s(progress)
    if progress.killed:
        parts.append("killed; go on with --resume")
    elif left != 0:
        parts.append(f"about {clock(left)} left")
    return Text("\n").join([name, Text("  ".join(parts), style="bold")])


def _ended(progress: Progress) -> int:
    return sum(1 for one in progress.records.values() if one.state != RUNNING and one.is_searched)


def _extras(progress: Progress) -> list[str]:
    """Trials that the number of trials does not count, where there are any."""
    confirmations = sum(one.confirms is not None for one in progress.records.values())
    taken = sum(one.origin is not None for one in progress.records.values())
    counts = {"confirmations": confirmations, "of earlier runs": taken}
    return [f"{count} {what}" for what, count in counts.items() if count]


def clock(seconds: float | None) -> str:
    """`3725` -> "1:02:05"; "?" where nobody knows."""
    if seconds is None:
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def searched_params(records: Mapping[int, TrialRecord]) -> set[str]:
    """Keys whose value differs between trials: what is worth a column's width."""
    seen: dict[str, set[str]] = {}
    for record in records.values():
        for key, value in record.params.items():
            seen.setdefault(key, set()).add(str(value))
    return {key for key, values in seen.items() if len(values) > 1}


def _row(record: TrialRecord, best: float | None, varied: set[str], progress: Progress) -> tuple[RenderableType, ...]:
    epoch = record.rungs[-1][0] if record.rungs else 0
    score = record.score if record.state == COMPLETE else (record.rungs[-1][1] if record.rungs else None)
    confirms = "" if record.is_candidate else f"confirms trial {record.confirms}"
    why = ": ".join(part for part in (record.kind, record.reason) if part)
    point = " ".join(f"{key}={_short(value)}" for key, value in record.params.items() if key in varied)
    shown = f"{confirms} {why or point}"
    return (
        str(record.number),
        Text(UNFINISHED if progress.killed and record.state == RUNNING else record.state, style=_STYLES[record.state]),
        f"{epoch}/{record.params.get('epochs', progress.epochs)}",
        _number(score),
        _number(best),
        Text(" ".join(shown.split()), style="dim"),  # a line break would make two rows of one
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
