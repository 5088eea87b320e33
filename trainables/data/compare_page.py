"""The page of the command `compare`: statements, distributions, shared images, and the pictures unlike the rest.

Draws what `comparison` found. File and class names stand in HTML, never in a plot: matplotlib's own font has no
Chinese.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results.boxes import FloatArray
from results.errors import DamagedFileError
from trainables.data.compare_sentences import sentences
from trainables.data.comparison import BoxSample, Comparison, PictureSet
from trainables.data.picture_measures import Measures
from trainables.data.report_page import Gallery, Picture, Section, Table, png_of, write_page
from trainables.data.two_samples import Statement

_TRAIN, _TEST = "#4c78a8", "#e45756"
_NAMES = ("train", "test")
# Ranges that only a logarithm shows.
_WIDE = 50
_BINS = 40
_THUMBNAIL_PX = 220
_UNLIKE_SHOWN = 12
_USUAL_SHOWN = 5
_PAIRS_SHOWN = 20
_CLASSES_SHOWN = 40
_HOW_TO_READ = (
    "Numbers are medians. Effect: 0 is no difference, 1 the greatest there can be (Kolmogorov and Smirnov's D, Cramer's"
    " V, the root of the energy distance as a share). Higher: how probably a test image is above a train image, 0.5"
    " where neither is. p is corrected for the number of statements (Holm). Images that come in groups are not"
    " independent: p is too small then, effects are not."
)


def write_compare_page(path: Path, found: Comparison, train: PictureSet, test: PictureSet) -> None:
    """Writes the page about two sets of images."""
    sections = [_in_short(found), _distributions(found), *_boxes(found), *_shared(found), _unlike(found, train, test)]
    write_page(path, f"{train.listed.name} against {test.listed.name}", sections)


def _in_short(found: Comparison) -> Section:
    head = ("", "train", "test", "by", "effect", "higher", "p", "")
    said = [f"{line[0].upper()}{line[1:]}." for line in sentences(found)]
    counts = f"Train holds {len(found.train.file_names)} images, test {len(found.test.file_names)}."
    return Section("In short", [counts, *said, Table(head, list(map(_row, found.statements))), _HOW_TO_READ])


def _row(one: Statement) -> Sequence[object]:
    higher = None if one.higher is None else round(one.higher, 2)
    mark = "differs" if one.differs else ""
    return (
        one.what,
        one.train,
        one.test_set,
        one.test,
        round(one.effect, 2),
        higher,
        float(f"{one.corrected:.2g}"),
        mark,
    )


def _distributions(found: Comparison) -> Section:
    figure = Figure(figsize=(11, 5.6), layout="constrained")
    axes = figure.subplots(2, 3).ravel()
    for place, name in zip(axes, ("brightness", "contrast", "sharpness"), strict=False):
        _histogram(place, getattr(found.train, name), getattr(found.test, name), name)
    _histogram(axes[3], _megapixels(found.train), _megapixels(found.test), "megapixels")
    _modes(axes[4], found)
    _scatter(axes[5], found)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2, frameon=False)
    caption = "Shares of each set's images; brightness and contrast in grey levels, sharpness the Laplacian's variance."
    sizes = _frequent_sizes(found)
    return Section("Distributions", [Picture(png_of(figure), caption), Table(("image size", "train", "test"), sizes)])


def _histogram(axes: Axes, train: FloatArray, test: FloatArray, label: str, names: tuple[str, str] = _NAMES) -> None:
    edges, is_wide = _edges(np.concatenate([train, test]))
    for values, color, name in zip((train, test), (_TRAIN, _TEST), names, strict=True):
        weights = np.full(len(values), 1 / max(len(values), 1))
        axes.hist(values, bins=edges.tolist(), weights=weights, histtype="stepfilled", alpha=0.35, color=color)
        axes.hist(values, bins=edges.tolist(), weights=weights, histtype="step", color=color, label=name)
    axes.set(xlabel=label, ylabel="share", xscale="log" if is_wide else "linear")
    axes.spines[["top", "right"]].set_visible(False)


def _edges(values: FloatArray) -> tuple[FloatArray, bool]:
    """Edges of bins, and whether they are those of a logarithmic axis."""
    low, high = float(values.min()), float(values.max())
    if low > 0 and high / low > _WIDE:
        return np.geomspace(low, high * 1.001, _BINS), True
    if high - low < _BINS and (values == np.rint(values)).all():
        return np.arange(low - 0.5, high + 1), False  # counts: a bin for each
    margin = 0.01 * (high - low) if high > low else 0.5 * max(abs(high), 1e-3)
    return np.linspace(low - margin, high + margin, _BINS), False


def _megapixels(measures: Measures) -> FloatArray:
    return measures.width_px * measures.height_px / 1e6


def _modes(axes: Axes, found: Comparison) -> None:
    for offset, measures, color in ((-0.2, found.train, _TRAIN), (0.2, found.test, _TEST)):
        share = float(measures.is_grey.mean())
        axes.bar(np.arange(2) + offset, [share, 1 - share], width=0.38, color=color)
    axes.set(xticks=[0, 1], xticklabels=["grey", "colour"], ylabel="share", ylim=(0, 1.02))
    axes.spines[["top", "right"]].set_visible(False)


def _scatter(axes: Axes, found: Comparison) -> None:
    for measures, color in ((found.train, _TRAIN), (found.test, _TEST)):
        axes.scatter(measures.brightness, measures.contrast, s=6, alpha=0.4, color=color, linewidths=0)
    axes.set(xlabel="brightness", ylabel="contrast")
    axes.spines[["top", "right"]].set_visible(False)


def _frequent_sizes(found: Comparison, most: int = 10) -> list[list[object]]:
    train, test = found.train.sizes(), found.test.sizes()
    names, counts = np.unique([*train, *test], return_counts=True)
    chosen = names[np.argsort(-counts, kind="stable")][:most].tolist()
    rows: list[list[object]] = [[name, train.count(name), test.count(name)] for name in chosen]
    rest = [len(side) - sum(side.count(name) for name in chosen) for side in (train, test)]
    return rows + ([["others", *rest]] if any(rest) else [])


def _boxes(found: Comparison) -> list[Section]:
    if not found.boxes:
        return []
    train, *others = found.boxes
    return [_box_section(train, one) for one in others]


def _box_section(train: BoxSample, other: BoxSample) -> Section:
    said = (
        f"{len(other.classes)} predicted boxes on {len(other.on_image)} images against {len(train.classes)} true ones"
        f" on {len(train.on_image)}. A detector's own mistakes are among what differs here."
    )
    parts: list[str | Table | Picture | Gallery] = [said]
    if len(train.classes) and len(other.classes):
        figure, names = Figure(figsize=(10, 2.9), layout="constrained"), ("train", "predicted")
        left, right = figure.subplots(1, 2)
        _histogram(
            left, np.maximum(train.short_side_px, 1), np.maximum(other.short_side_px, 1), "short side, px", names
        )
        _histogram(right, train.on_image.astype(float), other.on_image.astype(float), "boxes on an image")
        left.legend(frameon=False)
        parts += [Picture(png_of(figure), "Shares of the boxes, and of the images."), _class_table(train, other)]
    return Section(f"Predicted boxes: {other.name}", parts)


def _class_table(train: BoxSample, other: BoxSample) -> Table:
    names = sorted({*train.classes, *other.classes}, key=lambda name: -train.classes.count(name))[:_CLASSES_SHOWN]
    rows = [
        (name, *(f"{100 * one.classes.count(name) / len(one.classes):.1f}%" for one in (train, other)))
        for name in names
    ]
    return Table(("class", "share of train's boxes", "share of predicted boxes"), rows)


def _shared(found: Comparison) -> list[Section]:
    pairs = [(*pair, "same bytes") for pair in found.same] + [(*pair, "copy") for pair in found.copies]
    if not pairs:
        return []
    more = [f"And {len(pairs) - _PAIRS_SHOWN} more."] if len(pairs) > _PAIRS_SHOWN else []
    return [Section("Images of both", [Table(("in train", "in test", ""), pairs[:_PAIRS_SHOWN]), *more])]


def _unlike(found: Comparison, train: PictureSet, test: PictureSet) -> Section:
    said = (
        "Test images by their distance from the training images of their kind (size and mode): robust z of brightness,"
        " contrast, sharpness, area and aspect ratio, all together (Mahalanobis)."
    )
    odd = [
        _thumbnail(
            test.folder / found.test.file_names[one.row],
            f"{found.test.file_names[one.row]}: distance {one.distance:.1f}, {one.reason}",
        )
        for one in found.unlike[:_UNLIKE_SHOWN]
    ]
    step = max(len(found.train.file_names) // _USUAL_SHOWN, 1)
    usual = [_thumbnail(train.folder / name, name) for name in found.train.file_names[::step][:_USUAL_SHOWN]]
    return Section("Test images unlike train", [said, Gallery(odd), "Train images, evenly chosen:", Gallery(usual)])


def _thumbnail(path: Path, caption: str) -> Picture:
    pixels = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise DamagedFileError(f"{path} could be decoded a moment ago and cannot now")
    factor = min(1.0, _THUMBNAIL_PX / max(pixels.shape[:2]))
    small = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return Picture(cv2.imencode(".png", small)[1].tobytes(), caption)
