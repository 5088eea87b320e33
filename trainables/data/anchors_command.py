"""`prepare anchors`: box sizes of an annotation file, and which anchors reach them at a test scale; no GPU.

Reads the annotations only: images are not opened. `trainables.data.anchor_tables` computes, `anchors_page` draws.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from results.boxes import Category, FloatArray, Truth, truth_from_coco
from results.errors import InputError
from results.rules import Rule, load_rule
from trainables.data.anchor_tables import AnchorTables, Fit, anchor_tables
from trainables.data.size_histogram import SizeHistogram
from trainables.notation import ImageScale, parse_scale

_OWN_RULE, _OTHER_RULE = "bottle_round1", "coco50"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """See `trainables.data.prepare`."""
    parser.add_argument("annotations", type=Path, metavar="CLEAN.json", help="COCO annotations")
    parser.add_argument(
        "--scale", action="append", required=True, metavar="1333x800", help="test scale; repeat it, or list with commas"
    )
    parser.add_argument(
        "--rule", metavar="RULE", help=f"built in or a path; {_OWN_RULE} for its classes, {_OTHER_RULE}"
    )
    parser.add_argument("--seed", type=int, default=0, help="of k-means and evolution (default 0)")
    parser.add_argument("--page", type=Path, metavar="PAGE.html", help="write tables and plots as one page")
    parser.add_argument("--json", action="store_true", help="print one line of json")


def run(arguments: argparse.Namespace) -> int:
    """Prints histograms and a table for each scale.

    Raises:
        InputError: the file, a scale or the rule is wrong, or nothing in the file is scored.
    """
    scales = [parse_scale(part) for one in arguments.scale for part in one.split(",")]
    truth = truth_from_coco(arguments.annotations)
    rule, why = _rule_for(arguments.rule, truth.categories)
    tables = anchor_tables(_scored(truth, rule, arguments.annotations), rule, _distinct(scales), arguments.seed)
    if arguments.page:
        from trainables.data.anchors_page import write_anchors_page  # matplotlib takes most of a second

        write_anchors_page(arguments.page, arguments.annotations.name, tables)
    print(json.dumps(as_json(tables), ensure_ascii=False) if arguments.json else "\n".join(_lines(tables, why)))
    return 0


def as_json(tables: AnchorTables) -> dict[str, object]:
    """Everything that the tables hold, as plain data."""
    return {
        "rule": tables.rule.name,
        "boxes": len(tables.truth),
        "boxes_without_area": len(tables.truth) - len(tables.shapes),
        "short_side_px": [_histogram_json(one) for one in tables.sides],
        "area_px2": [_histogram_json(one) for one in tables.areas],
        "scales": [
            {"scale": scale, "fits": [_fit_json(fit) for fit in fits], "free_sizes_wh": _rounded(tables.free[scale])}
            for scale, fits in tables.fits.items()
        ],
    }


def _rule_for(name: str | None, categories: Sequence[Category]) -> tuple[Rule, str]:
    """The rule, and why it was taken."""
    if name is not None:
        return load_rule(name), "as asked"
    own = load_rule(_OWN_RULE)
    known = {(category.id, category.name) for category in own.categories}
    if known & {(category.id, category.name) for category in categories}:
        return own, "the file has its classes; --rule takes another"
    return load_rule(_OTHER_RULE), f"the file has no class of {_OWN_RULE}; --rule takes another"


def _scored(truth: Truth, rule: Rule, path: Path) -> Truth:
    """The boxes of the rule's classes."""
    ids = [category.id for category in rule.categories] or [category.id for category in truth.categories]
    kept = np.isin(truth.category_id, ids)
    if not (truth.boxes_xywh[kept, 2:] > 0).all(axis=1).any():
        raise InputError(
            "there is a box with an area to fit anchors to", f"{path}: none under {rule.name}", "see check"
        )
    categories = tuple(category for category in truth.categories if category.id in ids)
    return replace(truth.select(kept), categories=categories)


def _distinct(scales: Sequence[ImageScale]) -> list[ImageScale]:
    return list(dict.fromkeys(scales))


def _histogram_json(histogram: SizeHistogram) -> dict[str, object]:
    by_class = {str(id_): list(counts) for id_, counts in histogram.counts_of.items()}
    return {"breaks": list(histogram.breaks), "counts": list(histogram.counts), "by_class": by_class}


def _fit_json(fit: Fit) -> dict[str, object]:
    return {
        "name": fit.name,
        "anchor_scale": fit.grid.scale,
        "anchor_ratios": written_ratios(fit),
        "strides": list(fit.grid.strides),
        "share_at_half": fit.share_at_half,
        "rule_recall": fit.rule_recall,
        "held_out": fit.held_out,
        "mean_iou": fit.mean_iou,
        "recall_by_side": list(fit.recall_by_side),
    }


def written_ratios(fit: Fit) -> str:
    """As a space file takes them."""
    return ",".join(f"{ratio:g}" for ratio in fit.grid.ratios)


def _rounded(sizes_wh: FloatArray) -> list[list[float]]:
    return [[round(float(side), 2) for side in size] for size in sizes_wh]


def _lines(tables: AnchorTables, why: str) -> list[str]:
    lines = [f"{len(tables.truth)} boxes, rule {tables.rule.name} ({why})", ""]
    for name, histograms in (("short side, px", tables.sides), ("area, px2", tables.areas)):
        lines += [f"{name}: {_histogram_line(one)}" for one in histograms]
    for scale, fits in tables.fits.items():
        lines += ["", f"{scale:<32} IoU>=.5  rule's IoUs  held out  mean IoU  anchor_scale  anchor_ratios"]
        lines += [_fit_line(fit) for fit in fits]
        free = ", ".join(f"{width:.0f}x{height:.0f}" for width, height in tables.free[scale])
        lines.append(f"k-means, {len(tables.free[scale])} free sizes: {free}")
    return lines


def _histogram_line(histogram: SizeHistogram) -> str:
    return ", ".join(f"{label}: {count}" for label, count in zip(histogram.labels(), histogram.counts, strict=True))


def _fit_line(fit: Fit) -> str:
    held_out = "-" if fit.held_out is None else f"{fit.held_out:.4f}"
    numbers = f"{fit.share_at_half:7.4f}  {fit.rule_recall:11.4f}  {held_out:>8}  {fit.mean_iou:8.4f}"
    return f"{fit.name:<32} {numbers}  {fit.grid.scale:12g}  {written_ratios(fit)}"
