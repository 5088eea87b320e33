"""The leaderboard as tables for a terminal, in the columns of the competition's log.

Less important columns are left out, and named, where there is no room; no row is wrapped. It reads no files.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich import box
from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from results.leaderboard_notes import shown_score, speed_note
from results.online import OnlineScore
from results.pareto import ms_per_image, pareto_set
from results.ranking import STATES, best_first
from results.seeds import SeedSpread, seed_spreads
from results.trial_records import COMPLETE, TrialRecord

MOST_ROWS = 100  # of trials in one state
_NOTHING = "-"
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


def render(
    records: Iterable[TrialRecord], width_chars: int, title: str | None = None, online: Sequence[OnlineScore] = ()
) -> Table:
    """The leaderboard for a terminal: finished trials, then dimmed the others with their reasons, then online scores.

    Confirmations are among the others, whatever their score: what they tell stands in the table of seeds.

    Of each state the first `MOST_ROWS` trials are shown, and how many were left out.

    Args:
        records: in any order.
        width_chars: what the terminal holds; less important columns are left out, and named, rather than wrapped.
        title: stands above, with the number of trials in each state.
        online: as `read_online` gives them.
    """
    ordered = best_first(records)
    shown = _first_of_each_state(ordered)
    finished = [record for record in shown if record.state == COMPLETE and record.is_candidate]
    others = [record for record in shown if record.state != COMPLETE or not record.is_candidate]
    page = Table.grid()
    page.add_column(max_width=width_chars)
    page.add_row(Text(_headline(ordered, title), style="bold"))
    if finished:
        page.add_row(_finished_table(finished, width_chars))
    spreads = seed_spreads(ordered)
    if spreads:
        page.add_row("")
        page.add_row(_seeds_table(ordered, spreads))
    if others:
        page.add_row("")
        page.add_row(_others_table(others, width_chars))
    if len(shown) < len(ordered):
        page.add_row("")
        page.add_row(Text(f"{len(ordered) - len(shown)} more trials: --json lists them all", style="dim"))
    if online:
        page.add_row("")
        page.add_row(_online_table(online, width_chars))
    return page


def _first_of_each_state(ordered: Sequence[TrialRecord]) -> list[TrialRecord]:
    by_state = [[record for record in ordered if record.state == state] for state in STATES]
    return [record for records in by_state for record in records[:MOST_ROWS]]


def _headline(records: Sequence[TrialRecord], title: str | None) -> str:
    count_of = Counter(record.state for record in records)
    counts = ", ".join(f"{count_of[state]} {state}" for state in STATES if count_of[state]) or "none yet"
    return f"{title + ': ' if title else ''}{len(records)} trials ({counts})"


def _finished_table(records: Sequence[TrialRecord], width_chars: int) -> Table:
    all_columns = _columns(records)
    columns = list(all_columns)
    table = _table_of(columns, records)
    while _width(table) > width_chars and any(column.drop_order for column in columns):
        columns.remove(max(columns, key=lambda column: column.drop_order))
        table = _table_of(columns, records)
    left_out = [column.title for column in all_columns if column not in columns]
    below = [speed_note(records), f"no room for {', '.join(left_out)}" if left_out else ""]
    if any(below):
        table.caption = Text("\n".join(filter(None, below)), style="dim")
        table.caption_justify = "left"
    return table


def _columns(records: Sequence[TrialRecord]) -> tuple[_Column, ...]:
    """The columns that these trials have something for; the score is marked where nothing is better and faster."""
    chosen = pareto_set(records)
    score = _Column("Score", 0, lambda record: shown_score(record, chosen))
    speed = _Column("ms", 13, lambda record: _decimals(ms_per_image(record), 1))
    timed = any("ms_per_image" in record.summary for record in records)
    return (*_COLUMNS, *([speed] if timed else []), score, _Column("95%", 1, _interval))


def _table_of(columns: Sequence[_Column], records: Sequence[TrialRecord]) -> Table:
    table = _plain_table()
    for column in columns:
        table.add_column(column.title, justify=column.justify, no_wrap=True)
    for place, record in enumerate(records):
        table.add_row(*(Text(column.text(record)) for column in columns), style="bold" if place == 0 else None)
    return table


def _seeds_table(ordered: Sequence[TrialRecord], spreads: Mapping[int, SeedSpread]) -> Table:
    """Training variance, of the same point with other seeds, beside image variance, of the same training."""
    table = _plain_table()
    for title in ("Confirmed", "Score", "95% of images", "Mean of seeds", "Sd of seeds", "Trials"):
        table.add_column(title, justify="left" if title == "Trials" else "right", no_wrap=True)
    for record in (record for record in ordered if record.number in spreads):
        spread = spreads[record.number]
        cells = (_trial(record), _decimals(record.score, 4), _interval(record), _decimals(spread.mean, 4))
        table.add_row(*cells, _decimals(spread.sd, 4), ", ".join(map(str, spread.trials)))
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
    # A trial that ended early has no summary, but its parameters are known.
    return _text(record.summary.get("model", record.params.get("detector")))


def _backbone(record: TrialRecord) -> str:
    return _text(record.summary.get("backbone", record.params.get("backbone")))


def _schedule(record: TrialRecord) -> str:
    return _text(record.summary.get("schedule"))


def _reason(record: TrialRecord) -> str:
    confirms = "" if record.is_candidate else f"confirms trial {record.confirms}"
    return " ".join(": ".join(part for part in (confirms, record.kind, record.reason) if part).split())


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
)
