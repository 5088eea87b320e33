"""The plots of a checked file: how long boxes' short sides are, and how many boxes each class has.

Classes stand under their ids: their names may be in a script that matplotlib has no letters for.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure

from results.boxes import FloatArray
from trainables.data.figures import SHORT_SIDE_BREAKS_PX, ClassCount

_BAR = "#4477aa"
_BREAK = "#cc3311"
_DULL = "#bbbbbb"
_INCHES = (8.0, 3.4)


def short_side_plot(short_px: FloatArray) -> Figure:
    """A histogram on a logarithmic axis, with the breaks at 40, 120 and 420 px and the share of each range.

    Args:
        short_px: (N,) short sides in original-image pixels, at least one.
    """
    figure = Figure(figsize=_INCHES, layout="constrained")
    axes = figure.subplots()
    low, high = max(float(short_px.min()), 1.0), max(float(short_px.max()), 2.0)
    axes.hist(short_px, bins=np.geomspace(low * 0.95, high * 1.05, 60).tolist(), color=_BAR)
    axes.set_xscale("log")
    edges = [low * 0.9, *SHORT_SIDE_BREAKS_PX, max(high * 1.1, SHORT_SIDE_BREAKS_PX[-1] * 2)]
    top = axes.get_ylim()[1]
    for left, right in pairwise(edges):
        share = float(((short_px >= left) & (short_px < right)).mean())
        axes.text(np.sqrt(left * right), top * 1.02, f"{share:.0%}", ha="center", color=_BREAK)
    for side in SHORT_SIDE_BREAKS_PX:
        axes.axvline(side, color=_BREAK, linewidth=1, linestyle="--")
    ticks = [side for side in (2, 5, 10, 20, 40, 80, 120, 200, 420, 1000, 3000) if edges[0] <= side <= edges[-1]]
    axes.set_xticks(ticks, [str(side) for side in ticks])
    axes.minorticks_off()
    axes.set_xlim(edges[0], edges[-1])
    axes.set_xlabel("short side, px of the original image")
    axes.set_ylabel("boxes")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def class_plot(classes: Sequence[ClassCount], background_ids: Sequence[int]) -> Figure:
    """Boxes of each class, by id; the background is grey.

    Args:
        classes: at least one.
        background_ids: category ids that are background.
    """
    ordered = sorted(classes, key=lambda one: one.id)
    figure = Figure(figsize=_INCHES, layout="constrained")
    axes = figure.subplots()
    colours = [_DULL if one.id in background_ids else _BAR for one in ordered]
    bars = axes.bar([str(one.id) for one in ordered], [one.boxes for one in ordered], color=colours)
    axes.bar_label(bars, padding=2, fontsize=9)
    axes.set_xlabel("category id" + (", background grey" if background_ids else ""))
    axes.set_ylabel("boxes")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
