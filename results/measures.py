"""What rules measure besides average precision: F-beta, image accuracy, and a user's own function of match bits.

All of them look at every detection that is left, so a false alarm costs; `results.charged` finds the exact cutoffs.
Everything is weighted by image, so that one call serves the score and its bootstrap. AP itself is `results.kernels_ap`.
"""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from results.boxes import BoolArray, FloatArray, IntArray
from results.errors import InputError
from results.kernels import Int32Array, MaskArray
from results.prepared import PreparedTruth


@dataclass(frozen=True)
class MatchBits:
    """One class's detections as a rule's own function gets them, best score first.

    Attributes:
        scores: (L,) descending.
        image: (L,) image index.
        hit: (T, L) true positive at each IoU level.
        ignored: (T, L) absorbed by a crowd: counts neither way.
        weight: (L,) how often the detection's image counts: 1, or what a bootstrap drew.
        truth_weight: weight of the class's truth boxes, above 0.
    """

    scores: FloatArray
    image: Int32Array
    hit: BoolArray
    ignored: BoolArray
    weight: FloatArray
    truth_weight: float


Function = Callable[[MatchBits], float]


@dataclass(frozen=True)
class RowBits:
    """All detections that are left, by class; no order within a class.

    Attributes:
        class_start: (C + 1,).
        scores: (L,).
        image: (L,) image index.
        hit: (L,) mask of the levels at which each is a true positive.
        ignored: (L,) mask of the levels at which a crowd absorbed it.
    """

    class_start: IntArray
    scores: FloatArray
    image: Int32Array
    hit: MaskArray
    ignored: MaskArray

    def levels(self, count: int) -> tuple[BoolArray, BoolArray]:
        """Both masks as booleans (count, L)."""
        shift = np.arange(count, dtype=np.uint64)[:, None]
        return (self.hit >> shift) & np.uint64(1) != 0, (self.ignored >> shift) & np.uint64(1) != 0


def class_values(rows: RowBits, truth: PreparedTruth, weights: FloatArray) -> FloatArray:
    """The rule's measure per replicate and class (B, C) with images weighted (B, M); NaN without truth."""
    if truth.rule.measure.function:
        return _function_values(rows, truth, weights)
    hits, taken, boxes = _counts(rows, truth, weights)
    return np.asarray(f_beta(hits, taken, boxes, truth.rule.measure.beta).mean(axis=0))


def scores(values: FloatArray, rows: RowBits, truth: PreparedTruth, weights: FloatArray) -> FloatArray:
    """The score per replicate (B,) from what `class_values` (or a bootstrap of the AP) gave."""
    measure = truth.rule.measure
    if measure.kind == "f_micro":
        hits, taken, boxes = (part.sum(axis=-1) for part in _counts(rows, truth, weights))
        return np.asarray(f_beta(hits, taken, boxes, measure.beta).mean(axis=0))
    defined = ~np.isnan(values)
    total = defined @ truth.weight
    summed = np.where(defined, values, 0.0) @ truth.weight
    mean = np.divide(summed, total, out=np.full(len(values), np.nan), where=total > 0)
    if measure.image_accuracy == 0:
        return np.asarray(mean)
    correct = image_correct(rows, truth)
    accuracy = weights @ correct / np.maximum(weights.sum(axis=1), 1)
    return np.asarray(measure.image_accuracy * accuracy + (1 - measure.image_accuracy) * mean)


def f_beta(hits: FloatArray, taken: FloatArray, boxes: FloatArray, beta: float) -> FloatArray:
    """F-beta of true positives among `taken` detections and `boxes` truth boxes; NaN without truth."""
    square = beta * beta
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(boxes > 0, (1 + square) * hits / (square * boxes + taken), np.nan))


def image_correct(rows: RowBits, truth: PreparedTruth) -> FloatArray:
    """(M,) 1 where an image has a detection exactly if it has a truth box that counts, else 0."""
    found = np.bincount(rows.image, minlength=len(truth.image_id)) > 0
    defective = np.asarray(truth.count.sum(axis=0) > 0)
    return np.asarray(found == defective, dtype=np.float64)


def _counts(rows: RowBits, truth: PreparedTruth, weights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """True positives and detections that count, per level, replicate and class (T, B, C); truth boxes (B, C)."""
    classes, images = truth.count.shape
    cell = np.repeat(np.arange(classes), np.diff(rows.class_start)) * images + rows.image

    def by_image(bits: BoolArray) -> FloatArray:
        counts = np.bincount(cell, weights=bits.astype(np.float64), minlength=classes * images)
        return np.asarray(counts, dtype=np.float64).reshape(classes, images)

    hit, ignored = rows.levels(truth.rule.requirement.count)
    hits = np.stack([weights @ by_image(level).T for level in hit])
    taken = np.stack([weights @ by_image(~level).T for level in ignored])
    return hits, taken, weights @ truth.count.T


def _function_values(rows: RowBits, truth: PreparedTruth, weights: FloatArray) -> FloatArray:
    function = own_function(truth.rule.measure.function)
    hit, ignored = rows.levels(truth.rule.requirement.count)
    boxes = weights @ truth.count.T
    result = np.full(boxes.shape, np.nan)
    for place in range(boxes.shape[1]):
        span = np.arange(rows.class_start[place], rows.class_start[place + 1])
        order = span[np.argsort(-rows.scores[span], kind="stable")]
        columns = (rows.scores[order], rows.image[order], hit[:, order], ignored[:, order])
        for replicate in np.flatnonzero(boxes[:, place] > 0):
            weight = weights[replicate][rows.image[order]]
            bits = MatchBits(*columns, weight, float(boxes[replicate, place]))
            result[replicate, place] = function(bits)
    return result


@lru_cache(maxsize=8)
def own_function(place: str) -> Function:
    """The function that `FILE.py:NAME` names. It runs as the user's own code, with all that this means.

    Raises:
        InputError: no such file or function.
    """
    path, _, name = place.rpartition(":")
    spec = importlib.util.spec_from_file_location("own_rule", path) if Path(path).is_file() else None
    if spec is None or spec.loader is None:
        raise InputError("measure.function is FILE.py:NAME", place, "name a file beside the rule and a function in it")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Function | None = getattr(module, name, None)
    if not callable(function):
        raise InputError("measure.function is FILE.py:NAME", place, f"define {name} in that file")
    return function
