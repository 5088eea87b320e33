"""The page of the command `anchors`: histograms, shapes and recalls as tables and plots.

Draws what `anchor_tables` found; computes nothing but what a plot needs. Class names stand in HTML, never in a plot:
matplotlib's own font has no Chinese.
"""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results.boxes import FloatArray
from trainables.data.anchor_tables import EVOLVED, AnchorTables, Fit
from trainables.data.report_page import Picture, Section, Table, png_of, write_page
from trainables.data.size_histogram import SIDE_BREAKS_PX, SizeHistogram, rule_breaks_px, short_sides_px
from trainables.notation import parse_scale

_INK, _ACCENT, _SECOND = "#4c78a8", "#e45756", "#54a24b"
_BINS = 60
_MOST_POINTS = 5000
_MIN_PX = 0.5
_FIT_HEAD = ("anchors", "scale", "ratios", "IoU >= .5", "rule's IoUs", "held out", "mean IoU")


def write_anchors_page(path: Path, name: str, tables: AnchorTables) -> None:
    """Writes the page about the annotation file called `name`."""
    sections = [_sizes(tables), *(_scale_section(tables, scale) for scale in tables.fits)]
    if len(tables.fits) > 1:
        sections.insert(1, _over_scales(tables))
    write_page(path, f"Anchors: {name}", sections)


def _sizes(tables: AnchorTables) -> Section:
    names = {category.id: category.name for category in tables.truth.categories}
    parts: list[str | Table | Picture] = [f"{len(tables.truth)} boxes, scored by {tables.rule.name}."]
    for what, histograms in (("Short side in px", tables.sides), ("Area in square px", tables.areas)):
        parts += [_histogram_table(what, one, names) for one in histograms]
    return Section("Sizes of the boxes", [*parts, _size_picture(tables)])


def _histogram_table(what: str, histogram: SizeHistogram, names: dict[int, str]) -> Table:
    rows = [[f"{id_} {names.get(id_, '')}", *counts] for id_, counts in histogram.counts_of.items()]
    return Table((what, *histogram.labels()), [["all", *histogram.counts], *rows])


def _size_picture(tables: AnchorTables) -> Picture:
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    sides = np.maximum(short_sides_px(tables.truth), _MIN_PX)
    areas = np.maximum(tables.truth.boxes_xywh[:, 2:].prod(axis=1), _MIN_PX)
    breaks = sorted({*SIDE_BREAKS_PX, *rule_breaks_px(tables.rule.requirement)})
    _log_histogram(left, sides, breaks, "short side, px")
    _log_histogram(right, areas, [side * side for side in breaks], "area, square px")
    return Picture(png_of(figure), f"Dashed: {', '.join(f'{side:g}' for side in breaks)} px, and their squares.")


def _log_histogram(axes: Axes, values: FloatArray, breaks: list[float], label: str) -> None:
    axes.hist(values, bins=np.geomspace(values.min(), values.max() * 1.001, _BINS).tolist(), color=_INK)
    for break_ in breaks:
        axes.axvline(break_, color=_ACCENT, linestyle="--", linewidth=1)
    axes.set(xscale="log", xlabel=label, ylabel="boxes")
    axes.spines[["top", "right"]].set_visible(False)


def _scale_section(tables: AnchorTables, scale: str) -> Section:
    fits, free = tables.fits[scale], tables.free[scale]
    sizes = ", ".join(f"{width:.0f} x {height:.0f}" for width, height in free)
    by_side = Table(
        ("rule's IoUs reached, by short side in px", *tables.sides[0].labels()),
        [[fit.name, *(_number(value) for value in fit.recall_by_side)] for fit in fits],
    )
    return Section(
        f"Test scale {scale}",
        [
            Table(_FIT_HEAD, [_fit_row(fit) for fit in fits]),
            "Shares of boxes whose best anchor, centres together, has that IoU. Held out: fitted to half of the boxes,"
            " counted on the other half.",
            by_side,
            f"Free sizes by k-means, px of the resized image: {sizes}.",
            _shape_picture(tables, scale),
        ],
    )


def _fit_row(fit: Fit) -> list[object]:
    ratios = ", ".join(f"{ratio:g}" for ratio in fit.grid.ratios)
    numbers = (fit.share_at_half, fit.rule_recall, fit.held_out, fit.mean_iou)
    return [fit.name, fit.grid.scale, ratios, *(_number(value) for value in numbers)]


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"


def _shape_picture(tables: AnchorTables, scale: str) -> Picture:
    """Boxes as points of width and height, the stock and the evolved anchors over them."""
    boxes = tables.shapes.resized(parse_scale(scale))
    shown = boxes[:: max(1, len(boxes) // _MOST_POINTS)]
    figure = Figure(figsize=(10, 5), layout="constrained")
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    stock, evolved = tables.fits[scale][0], next(fit for fit in tables.fits[scale] if fit.name == EVOLVED)
    for axes, fit, colour in zip(panels, (stock, evolved), (_ACCENT, _SECOND), strict=True):
        axes.scatter(*np.maximum(shown, _MIN_PX).T, s=4, alpha=0.25, color=_INK, linewidths=0)
        axes.scatter(*fit.grid.sizes().T, s=45, marker="s", facecolors="none", edgecolors=colour, linewidths=1.6)
        axes.set(xscale="log", yscale="log", xlabel="width, px", title=f"{fit.name}: {fit.rule_recall:.4f}")
        axes.set_aspect("equal")
        axes.minorticks_off()
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("height, px")
    return Picture(png_of(figure), f"Boxes at {scale} (points) and anchors of the strides 4 to 64 (squares).")


def _over_scales(tables: AnchorTables) -> Section:
    names = [fit.name for fit in next(iter(tables.fits.values()))]
    rows = [
        [name, *(_number(fits[place].rule_recall) for fits in tables.fits.values())] for place, name in enumerate(names)
    ]
    return Section("The rule's IoUs reached, by test scale", [Table(("anchors", *tables.fits), rows)])
