"""The report of `check` as one HTML page: faults with thumbnails, figures with plots.

It lays out what was found; `report_page` writes it.
"""

from collections.abc import Sequence
from pathlib import Path

from trainables.data.check_plots import class_plot, short_side_plot
from trainables.data.check_report import figure_lines, first_of, headline
from trainables.data.checking import Check
from trainables.data.fault_pictures import MOST_OF_A_KIND, thumbnails
from trainables.data.figures import boxes_of
from trainables.data.report_page import Gallery, Picture, Section, Table, png_of, write_page


def write_check_page(path: Path, check: Check, checked_file: Path, notes: Sequence[str]) -> None:
    """Writes the page.

    Args:
        path: of the page.
        check: what was found.
        checked_file: of the annotations.
        notes: what is to be said of the file, as sentences.
    """
    sections = [_faults(check, checked_file), Section("What to know", list(notes)), _classes(check), _sizes(check)]
    write_page(path, f"Check of {checked_file.name}", [*sections, *_pictures(check)])


def _faults(check: Check, checked_file: Path) -> Section:
    rows = [
        (
            fault.kind.name,
            fault.kind.severity,
            len(fault.rows),
            fault.kind.rule,
            fault.kind.remedy,
            first_of(fault, check.columns),
        )
        for fault in check.faults
    ]
    table = Table(("fault", "severity", "rows", "in a sound file", "what --fix does", "first"), rows)
    return Section("Faults", [headline(check, checked_file), table if rows else "Nothing was found."])


def _classes(check: Check) -> Section:
    figures = check.figures
    background = figures.background.category_ids
    rows = [
        (one.id, one.name + (" (background)" if one.id in background else ""), one.boxes, one.images)
        for one in figures.classes
    ]
    table = Table(("id", "class, in file order", "boxes", "images"), rows)
    if not figures.boxes:
        return Section("Classes", [table])
    return Section("Classes", [Picture(png_of(class_plot(figures.classes, background)), "Boxes of each class"), table])


def _sizes(check: Check) -> Section:
    figures = check.figures
    boxes = boxes_of(check.columns, figures.background.category_ids)
    short = boxes.short_px[~boxes.is_background]
    sizes = [
        (f"{one.width_px}x{one.height_px}", one.mode, one.images, ", ".join(map(str, one.category_ids)))
        for one in figures.image_sizes
    ]
    table = Table(("image size, px", "mode", "images", "category ids there, background left out"), sizes)
    caption = "Short sides of the boxes, background left out; dashed: 40, 120 and 420 px"
    plot = [Picture(png_of(short_side_plot(short)), caption)] if len(short) else []
    return Section("Sizes", [*plot, *figure_lines(figures), table])


def _pictures(check: Check) -> list[Section]:
    """The first few rows of each kind of fault that have a readable picture."""
    shown = [picture for fault in check.faults for picture in thumbnails(fault, check)]
    if not shown:
        return []
    text = (
        f"At most {MOST_OF_A_KIND} of a kind, as training sees the pictures. Red: the box in question; green: other "
        "boxes of the image; plain grey lies beyond the picture."
    )
    return [Section("Pictures", [text, Gallery(shown)])]
