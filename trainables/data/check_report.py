"""A checked file as one object for `--json` and as tables for a terminal.

It lays out what `checking` found, and finds nothing itself.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from trainables.data.changes import Change
from trainables.data.checking import Check
from trainables.data.fault_kinds import KINDS, Fault
from trainables.data.figures import Figures
from trainables.data.row_columns import Columns

_COLOUR = {"error": "bold red", "notice": "yellow"}
_SHOWN = 3


def report_dict(check: Check, path: Path, notes: Sequence[str]) -> dict[str, object]:
    """Everything that was found, as plain values.

    Args:
        check: the checked file.
        path: of the file.
        notes: what is to be said of it, as sentences.
    """
    rows = {fault.kind.name: len(fault.rows) for fault in check.faults}
    return {
        "file": str(path),
        "errors": sum(len(fault.rows) for fault in check.errors),
        "notices": sum(len(fault.rows) for fault in check.faults if fault.kind.severity == "notice"),
        "counts": {kind.name: rows.get(kind.name, 0) for kind in KINDS},
        "faults": [_fault_dict(fault, check.columns) for fault in check.faults],
        "figures": check.figures.to_dict(),
        "notes": list(notes),
    }


def print_report(console: Console, check: Check, path: Path, notes: Sequence[str]) -> None:
    """Prints faults, figures and sentences."""
    parts: list[RenderableType] = [Text(headline(check, path), style="bold"), ""]
    if check.faults:
        parts += [_fault_table(check), *map(_meaning, check.faults), ""]
    parts += [_class_table(check.figures), "", *figure_lines(check.figures), ""]
    parts += [Text(note) for note in notes]
    console.print(Group(*parts))


def print_changes(console: Console, changes: Sequence[Change]) -> None:
    """Prints what a fix did, the first few of each kind."""
    by_kind: dict[str, list[Change]] = {}
    for change in changes:
        by_kind.setdefault(change.kind, []).append(change)
    table = Table("fixed", "rows", "first")
    table.columns[1].justify = "right"
    for kind, ones in by_kind.items():
        first = "; ".join(f"{one.table} row {one.row} (id {one.id}): {one.did}" for one in ones[:_SHOWN])
        table.add_row(kind, str(len(ones)), Text(first))
    console.print(table)


def headline(check: Check, path: Path) -> str:
    """One line: how many rows of which severity."""
    errors = sum(len(fault.rows) for fault in check.errors)
    notices = sum(len(fault.rows) for fault in check.faults) - errors
    figures = check.figures
    return (
        f"{path.name}: {figures.images} images, {figures.annotations} annotations; {errors} errors, {notices} notices"
    )


def ids_of(fault: Fault, columns: Columns) -> list[int | None]:
    """The id of each faulty row, in row order; None where the row states none."""
    tables = {"images": columns.images.id, "annotations": columns.annotations.id, "categories": columns.categories.id}
    ids = tables[fault.kind.table]
    pairs = zip(ids.values[fault.rows].tolist(), ids.is_sound[fault.rows].tolist(), strict=True)
    return [id_ if sound else None for id_, sound in pairs]


def first_of(fault: Fault, columns: Columns, shown: int = _SHOWN) -> str:
    """The first few rows of a fault, with ids and notes, and how many more there are."""
    ids = ids_of(fault, columns)
    texts = []
    for place, (row, id_) in enumerate(zip(fault.rows.tolist()[:shown], ids, strict=False)):
        name = f"row {row}" if id_ is None else f"id {id_} (row {row})"
        texts.append(f"{name}: {fault.notes[place]}" if fault.notes else name)
    more = f"; and {len(ids) - shown} more" if len(ids) > shown else ""
    return "; ".join(texts) + more


def figure_lines(figures: Figures) -> list[str]:
    """The figures that are no table, one line each."""
    sizes = ", ".join(
        f"{one.images} of {one.width_px}x{one.height_px}{f' ({one.mode})' if one.mode else ''}"
        for one in figures.image_sizes[:_SHOWN]
    )
    more = len(figures.image_sizes) - _SHOWN
    counts = ", ".join(f"{name}: {count}" for name, count in figures.short_side_counts.items())
    return [
        f"images: {sizes}{f' and {more} more sizes' if more > 0 else ''}; {figures.images_without_boxes} without boxes",
        f"annotations: {figures.annotations} with {figures.distinct_annotation_ids} distinct ids; "
        f"most boxes in one image: {figures.most_boxes_in_an_image}",
        f"short side, px: {_percentiles(figures.short_side_px)}; {counts}",
        f"aspect ratio, long by short side: {_percentiles(figures.aspect_ratio)}",
    ]


def _percentiles(values: Mapping[str, float] | None) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items()) if values else "no boxes"


def _fault_dict(fault: Fault, columns: Columns) -> dict[str, object]:
    kind = fault.kind
    return {
        "kind": kind.name,
        "severity": kind.severity,
        "table": kind.table,
        "count": len(fault.rows),
        "ids": ids_of(fault, columns),
        "rows": fault.rows.tolist(),
        "notes": list(fault.notes),
        "rule": kind.rule,
        "remedy": kind.remedy,
    }


def _fault_table(check: Check) -> Table:
    table = Table("fault", "severity", "rows", "first")
    table.columns[0].no_wrap = True
    table.columns[2].justify = "right"
    for fault in check.faults:
        severity = Text(fault.kind.severity, style=_COLOUR[fault.kind.severity])
        table.add_row(fault.kind.name, severity, str(len(fault.rows)), Text(first_of(fault, check.columns)))
    return table


def _meaning(fault: Fault) -> Text:
    """What a kind of fault means, and what is done about it."""
    name = (f"{fault.kind.name}: ", _COLOUR[fault.kind.severity])
    return Text.assemble(name, f"in a sound file {fault.kind.rule}. --fix: {fault.kind.remedy}.")


def _class_table(figures: Figures) -> Table:
    table = Table("id", "class", "boxes", "images", title="classes, in file order", title_justify="left")
    for column in (0, 2, 3):
        table.columns[column].justify = "right"
    for one in figures.classes:
        name = f"{one.name} (background)" if one.id in figures.background.category_ids else one.name
        table.add_row(str(one.id), Text(name), str(one.boxes), str(one.images))
    return table
