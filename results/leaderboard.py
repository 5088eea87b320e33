"""`python -m results.leaderboard`: the trials of a run, best first, in the columns of the competition's log.

Reads the ledger and computes nothing but ties with the best trial: a number that no trial recorded is shown as a dash.
`--record` adds what the contest's server said of a submission. The tables are plain functions, used by the search's own
last screen too.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from results.commands import CommandParser, run_command
from results.layout import RunLayout, chosen_run
from results.ledger import COMPLETE, FAIL, PRUNED, RUNNING, TrialRecord, group_by_of, read_events, trials_of
from results.online import OnlineScore, read_online, record_online
from results.ties import ties
from results.trial_summary import with_whole_summary

if TYPE_CHECKING:
    from results.uncertainty import Comparison

_STATES = (COMPLETE, RUNNING, PRUNED, FAIL)
_NOTHING = "-"
SMALL_SET_BIAS = "An AP reads high on a small set: compare paired differences, never scores of sets of different size."
_COCO_COLUMNS = {"AP": 3, "AP50": 4, "AP75": 7, "APs": 10, "APm": 11, "APl": 12}


@dataclass(frozen=True)
class _Column:
    """A column of the finished trials.

    Attributes:
        drop_order: of the columns that do not fit a terminal, the highest goes first; 0 always stays.
    """

    title: str
    drop_order: int
    text: Callable[[TrialRecord], str]
    justify: JustifyMethod = "right"


def main(arguments: Sequence[str]) -> int:
    """Shows the leaderboard of a run, after recording an online score if asked to.

    Args:
        arguments: the command line after the program's name.

    Returns:
        0.

    Raises:
        InputError: no such run, or `--record` with a missing file or something that is no score.
        DamagedFileError: the ledger cannot be trusted.
    """
    parser = CommandParser(prog="python -m results.leaderboard", description="The trials of a run, best first.")
    parser.add_argument("--run", metavar="NAME", help="the newest run if left out")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument(
        "--record", nargs=2, metavar=("SUBMISSION.json", "SCORE"), help="keep what the contest's server said of a file"
    )
    chosen = parser.parse_args(arguments)
    run = chosen_run(chosen.run)
    events = read_events(run.ledger)
    records = trials_of(events).values()
    if chosen.record:
        record_online(run.online, Path(chosen.record[0]), chosen.record[1])
    rule, group_by = str(events[0].get("rule")), group_by_of(events[0])
    if chosen.json:
        whole = [with_whole_summary(run, record) for record in records]
        print(as_json(whole, read_online(run.online), _ties(run, _scored(records), rule, group_by)))
        return 0
    show(Console(), run, records, rule, group_by)
    return 0


def show(
    console: Console, run: RunLayout, records: Iterable[TrialRecord], rule: str, group_by: str | None = None
) -> None:
    """Prints the leaderboard of a run with its notes: this command's screen and the search's last one.

    Args:
        console: where to.
        run: where the trials' files are.
        records: in any order.
        rule: that decides ties, by name or path.
        group_by: of the data set, see `results.groups`.
    """
    ordered = best_first(records)
    console.print(render(ordered, console.width, title=run.name, online=read_online(run.online)))
    finished = _scored(ordered)
    if finished:
        notes = _notes(with_whole_summary(run, finished[0]), _ties(run, finished, rule, group_by))
        console.print("\n".join(notes), style="dim", highlight=False, markup=False)


def _scored(records: Iterable[TrialRecord]) -> list[TrialRecord]:
    return [record for record in best_first(records) if record.state == COMPLETE and record.score is not None]


def _ties(run: RunLayout, finished: Sequence[TrialRecord], rule: str, group_by: str | None) -> "dict[int, Comparison]":
    return ties(run, finished, rule, group_by) if len(finished) > 1 else {}


def _notes(best: TrialRecord, tied: "Mapping[int, Comparison]") -> list[str]:
    """What the table has no room for: ties, the best trial's settings, and how to read a score of a small set."""
    equal = [str(number) for number, found in tied.items() if found.tied]
    notes = [SMALL_SET_BIAS]
    if tied:
        shown = f"trial {', '.join(equal)}" if equal else "no other"
        notes.insert(0, f"Tied with trial {best.number} (95% of the paired difference holds 0): {shown}.")
    settings = best.summary.get("settings")
    if isinstance(settings, Mapping):
        listed = "; ".join(f"{key} {value}" for key, value in settings.items())
        notes.insert(0, f"Settings of trial {best.number}: {listed}.")
    return notes


def best_first(records: Iterable[TrialRecord]) -> list[TrialRecord]:
    """COMPLETE trials by descending score (equals by number, undefined last), then RUNNING, PRUNED and FAIL."""
    return sorted(records, key=_rank)


def as_json(
    records: Iterable[TrialRecord],
    online: Iterable[OnlineScore] = (),
    tied: "Mapping[int, Comparison] | None" = None,
) -> str:
    """One line: {"trials": [...], "online": [...]}, trials as `best_first` orders them.

    Args:
        records: in any order.
        online: as `read_online` gives them.
        tied: the best trial against others, by number; a trial in it gets "tied_with_best" and "best_minus_this".
    """
    trials = [_trial_object(record) | _tie(record, tied or {}) for record in best_first(records)]
    return json.dumps({"trials": trials, "online": [asdict(entry) for entry in online]}, allow_nan=False)


def render(
    records: Iterable[TrialRecord], width_chars: int, title: str | None = None, online: Sequence[OnlineScore] = ()
) -> Table:
    """The leaderboard for a terminal: finished trials, then dimmed the others with their reasons, then online scores.

    Args:
        records: in any order.
        width_chars: what the terminal holds; less important columns are left out, and named, rather than wrapped.
        title: stands above, with the number of trials in each state.
        online: as `read_online` gives them.
    """
    ordered = best_first(records)
    finished = [record for record in ordered if record.state == COMPLETE]
    others = [record for record in ordered if record.state != COMPLETE]
    page = Table.grid()
    page.add_column(max_width=width_chars)
    page.add_row(Text(_headline(ordered, title), style="bold"))
    if finished:
        page.add_row(_finished_table(finished, width_chars))
    if others:
        page.add_row("")
        page.add_row(_others_table(others, width_chars))
    if online:
        page.add_row("")
        page.add_row(_online_table(online, width_chars))
    return page


def _rank(record: TrialRecord) -> tuple[int, bool, float, int]:
    score = record.score
    return _STATES.index(record.state), score is None, 0.0 if score is None else -score, record.number


def _trial_object(record: TrialRecord) -> dict[str, object]:
    own: dict[str, object] = {
        "trial": record.number,
        "state": record.state,
        "score": record.score,
        "interval": record.summary.get("interval"),
        "params": dict(record.params),
        "source": record.source,
        "kind": record.kind,
        "reason": record.reason,
        "rungs": record.rungs,
    }
    return {**own, **record.summary, **own}


def _tie(record: TrialRecord, tied: "Mapping[int, Comparison]") -> dict[str, object]:
    found = tied.get(record.number)
    if found is None:
        return {}
    behind = {"difference": found.difference, "interval": list(found.interval), "probability": found.probability}
    return {"tied_with_best": found.tied, "best_minus_this": behind if found.known else None}


def _headline(records: Sequence[TrialRecord], title: str | None) -> str:
    count_of = Counter(record.state for record in records)
    counts = ", ".join(f"{count_of[state]} {state}" for state in _STATES if count_of[state]) or "none yet"
    return f"{title + ': ' if title else ''}{len(records)} trials ({counts})"


def _finished_table(records: Sequence[TrialRecord], width_chars: int) -> Table:
    columns = list(_COLUMNS)
    table = _table_of(columns, records)
    while _width(table) > width_chars and any(column.drop_order for column in columns):
        columns.remove(max(columns, key=lambda column: column.drop_order))
        table = _table_of(columns, records)
    left_out = [column.title for column in _COLUMNS if column not in columns]
    if left_out:
        table.caption = Text(f"no room for {', '.join(left_out)}", style="dim")
        table.caption_justify = "left"
    return table


def _table_of(columns: Sequence[_Column], records: Sequence[TrialRecord]) -> Table:
    table = _plain_table()
    for column in columns:
        table.add_column(column.title, justify=column.justify, no_wrap=True)
    for place, record in enumerate(records):
        table.add_row(*(Text(column.text(record)) for column in columns), style="bold" if place == 0 else None)
    return table


def _others_table(records: Sequence[TrialRecord], width_chars: int) -> Table:
    table = _plain_table()
    for title, justify in _OTHERS_COLUMNS.items():
        table.add_column(title, justify=justify, no_wrap=True)
    rows = [(*_progress(record), _reason(record)) for record in records]
    for row in _last_cut(rows, list(_OTHERS_COLUMNS), width_chars):
        table.add_row(*row, style="dim")
    return table


def _progress(record: TrialRecord) -> tuple[str, ...]:
    epoch, rung_score = record.rungs[-1] if record.rungs else (None, None)
    score = rung_score if record.score is None else record.score
    return (
        _trial(record),
        record.state,
        _model(record),
        _backbone(record),
        _text(epoch),
        _decimals(score, 4),
    )


def _online_table(online: Sequence[OnlineScore], width_chars: int) -> Table:
    table = _plain_table()
    titles = ("Online", "Recorded (UTC)", "sha256", "Submission")
    for title in titles:
        table.add_column(title, no_wrap=True)
    times = [datetime.fromtimestamp(entry.time, tz=UTC).strftime("%Y-%m-%d %H:%M") for entry in online]
    rows = [
        (_decimals(entry.score, 4), recorded, entry.sha256[:8], Path(entry.file).name)
        for recorded, entry in zip(times, online, strict=True)
    ]
    for row in _last_cut(rows, titles, width_chars):
        table.add_row(*row)
    return table


def _last_cut(rows: Sequence[tuple[str, ...]], titles: Sequence[str], width_chars: int) -> list[list[Text]]:
    """Rows whose last cell is cut to what the other columns leave: Rich itself would squeeze all of them alike."""
    fixed = [max(map(cell_len, cells)) + 1 for cells in zip(titles[:-1], *(row[:-1] for row in rows), strict=True)]
    left = max(width_chars - sum(fixed), len(titles[-1]))
    cut = [[Text(cell) for cell in row] for row in rows]
    for cells in cut:
        cells[-1].truncate(left, overflow="ellipsis")
    return cut


def _plain_table() -> Table:
    return Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False, show_edge=False)


def _width(table: Table) -> int:
    return Console(width=10_000).measure(table).maximum


def _trial(record: TrialRecord) -> str:
    return str(record.number)


def _model(record: TrialRecord) -> str:
    return _text(record.summary.get("model"))


def _backbone(record: TrialRecord) -> str:
    # A trial that failed early has no summary, but its parameters are known.
    return _text(record.summary.get("backbone", record.params.get("backbone")))


def _schedule(record: TrialRecord) -> str:
    return _text(record.summary.get("schedule"))


def _reason(record: TrialRecord) -> str:
    return " ".join(": ".join(part for part in (record.kind, record.reason) if part).split())


def _interval(record: TrialRecord) -> str:
    bounds = record.summary.get("interval")
    return "-".join(_decimals(bound, 3) for bound in bounds) if isinstance(bounds, list | tuple) else _NOTHING


def _measured(key: str, decimals: int) -> Callable[[TrialRecord], str]:
    return lambda record: _decimals(record.summary.get(key), decimals)


def _coco(key: str) -> Callable[[TrialRecord], str]:
    def text(record: TrialRecord) -> str:
        numbers = record.summary.get("coco")
        return _decimals(numbers.get(key), 3) if isinstance(numbers, Mapping) else _NOTHING

    return text


def _decimals(value: object, decimals: int) -> str:
    return f"{value:.{decimals}f}" if isinstance(value, int | float) else _NOTHING


def _text(value: object) -> str:
    return _NOTHING if value is None else str(value)


_OTHERS_COLUMNS: dict[str, JustifyMethod] = {
    "Trial": "right",
    "State": "left",
    "Model": "left",
    "Backbone": "left",
    "Epoch": "right",
    "Score": "right",
    "Reason": "left",
}
_COLUMNS = (
    _Column("Trial", 0, _trial),
    _Column("Model", 2, _model, "left"),
    _Column("Backbone", 5, _backbone, "left"),
    _Column("Lr schd", 6, _schedule, "left"),
    _Column("Param (M)", 9, _measured("param_m", 1)),
    _Column("FPS", 8, _measured("fps", 1)),
    *(_Column(key, order, _coco(key)) for key, order in _COCO_COLUMNS.items()),
    _Column("Score", 0, lambda record: _decimals(record.score, 4)),
    _Column("95%", 1, _interval),
)


if __name__ == "__main__":
    sys.exit(run_command(main))
