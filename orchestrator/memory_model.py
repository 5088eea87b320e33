"""How much memory a point will take, learned from one search's trials: measured peaks, and points that ran out. Pure.

    peak = base + exp(constant + sum of weight * feature)

`base` is what a network takes by itself; what grows with images and pixels multiplies. The weights are a ridge
regression on logarithms; how strongly they are held back, and the base, are whatever predicts left-out trials best, and
that error is the model's own. A point that ran out has no peak: it counts as the most that any trial had, or as what
the model says where that is more. A point is called hopeless in two cases:

* even the low end of its prediction lies above everything that fitted and the smallest prediction of what did not;
* one that ran out was no larger in anything that moves the memory, and none as large has fitted.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from orchestrator.memory_features import IMAGES, PIXELS, Columns, Feature, Matrix, features_of
from orchestrator.memory_precedents import Precedents

# Fewer say nothing: a search begins with a dozen trials that teach.
LEAST_PEAKS, LEAST_OUT = 8, 3
# The low end of a prediction, in its own errors below it.
_ERRORS = 3.0
# Nobody knows a peak better than this.
_LEAST_ERROR = 0.01
# An error beyond this (in logarithms) is no knowledge.
_MOST_ERROR = 0.5
_BASES = (0.0, 0.3, 0.6, 0.9, 0.99)
_STRENGTHS = (1e-4, 1e-2, 1e-1, 1.0)
_ROUNDS = 3


@dataclass(frozen=True)
class Seen:
    """One attempt whose memory is known.

    Attributes:
        params: complete train parameters.
        parts: that each batch was trained in.
        peak_gib: the most that it held; None where that was not measured.
        ran_out: whether that was not enough.
    """

    params: Mapping[str, object]
    parts: int
    peak_gib: float | None
    ran_out: bool = False

    @cached_property
    def features(self) -> Mapping[str, Feature]:
        """Worked out once: the model is fitted again after every trial."""
        return features_of(self.params, self.parts)


@dataclass(frozen=True)
class _Scaled:
    """Points in columns of mean 0 and spread 1, turned so that no column knows of another: once for all regressions.

    Attributes:
        turned: the scaled points times `axes`, a line each.
        axes: eigenvectors of the columns' products, in columns.
        values: their eigenvalues.
    """

    centre: Matrix
    spread: Matrix
    turned: Matrix
    axes: Matrix
    values: Matrix

    @classmethod
    def of(cls, matrix: Matrix) -> "_Scaled":
        centre, spread = matrix.mean(axis=0), matrix.std(axis=0)
        spread[spread == 0] = 1.0
        scaled = (matrix - centre) / spread
        values, axes = np.linalg.eigh(scaled.T @ scaled)
        return cls(centre, spread, scaled @ axes, axes, np.maximum(values, 0.0))


@dataclass(frozen=True)
class _Line:
    """A ridge regression: columns -> logarithm of what is above the base."""

    base_gib: float
    constant: float
    weights: Matrix
    centre: Matrix
    spread: Matrix
    error: float

    def predict_gib(self, matrix: Matrix) -> Matrix:
        return _gib(self.base_gib, self.constant + ((matrix - self.centre) / self.spread) @ self.weights)


@dataclass(frozen=True)
class MemoryModel:
    """What `fit` learned.

    Attributes:
        error: how far predictions of left-out trials are off, as a share.
        fitted_gib: the most that a trial was seen to hold.
        hopeless_gib: a prediction whose low end is above this will not fit.
    """

    error: float
    fitted_gib: float
    hopeless_gib: float
    _columns: Columns
    _line: _Line
    _precedents: Precedents

    def why_hopeless(self, params: Mapping[str, object], parts: int) -> str | None:
        """Why a point will run out of memory, in one line; None where it may fit, or where nobody knows.

        Args:
            params: complete train parameters.
            parts: that each batch would be trained in.
        """
        matrix = self._row(params, parts)
        if matrix is None:
            return None
        predicted_gib = float(self._line.predict_gib(matrix)[0])
        low_gib = predicted_gib * math.exp(-_ERRORS * self.error)
        if low_gib <= self.hopeless_gib:
            condemned = self._precedents.condemn(matrix[0])
            return "a point that was no larger ran out of memory, and none as large has fitted" if condemned else None
        needs = f"needs about {predicted_gib:.3g} GiB, {low_gib:.3g} at least"
        return f"{needs} (predictions are {self.error:.0%} off); trials got {self.fitted_gib:.3g} at most"

    def why_doubtful(self, params: Mapping[str, object]) -> str | None:
        """Why a point with whole batches is as likely to run out of memory as not; None where it is likelier to fit."""
        matrix = self._row(params, 1)
        predicted_gib = 0.0 if matrix is None else float(self._line.predict_gib(matrix)[0])
        if predicted_gib <= (self.fitted_gib + self.hopeless_gib) / 2:
            return None
        return f"needs about {predicted_gib:.3g} GiB; trials got {self.fitted_gib:.3g} at most"

    def _row(self, params: Mapping[str, object], parts: int) -> Matrix | None:
        row = features_of(params, parts)
        return self._columns.matrix([row]) if self._columns.knows(row) else None


def fit(seen: Sequence[Seen]) -> MemoryModel | None:
    """Learns from attempts in a fixed order.

    Returns:
        None while there is too little to learn from, or where what there is does not explain the peaks: fewer than
        `LEAST_PEAKS` peaks or `LEAST_OUT` points that ran out, a large error, or more images taking less memory.
    """
    out = [one for one in seen if one.ran_out]
    fitting = [one for one in seen if not one.ran_out]
    peaks = [one for one in fitting if one.peak_gib]
    if len(peaks) < LEAST_PEAKS or len(out) < LEAST_OUT:
        return None
    columns = Columns.of([one.features for one in seen])
    peaks_gib = np.array([one.peak_gib for one in peaks], dtype=np.float64)
    fitted_gib = max(one.peak_gib for one in seen if one.peak_gib)
    measured, ran_out = _matrix(columns, peaks), _matrix(columns, out)
    line = _best_line(np.vstack([measured, ran_out]), peaks_gib, fitted_gib)
    if line.error > _MOST_ERROR or _shrinks(columns, line):
        return None
    hopeless_gib = max(fitted_gib, float(line.predict_gib(ran_out).min()))
    slopes, fitted = line.weights / line.spread, _matrix(columns, fitting)
    precedents = Precedents.of(columns, slopes, line.error, (fitted, ran_out))
    return MemoryModel(line.error, fitted_gib, hopeless_gib, columns, line, precedents)


def _matrix(columns: Columns, seen: Sequence[Seen]) -> Matrix:
    return columns.matrix([one.features for one in seen])


def _best_line(matrix: Matrix, peaks_gib: Matrix, fitted_gib: float) -> _Line:
    scaled = _Scaled.of(matrix)
    lines = [
        _censored_line(scaled, peaks_gib, fitted_gib, share * float(peaks_gib.min()), strength)
        for share, strength in product(_BASES, _STRENGTHS)
    ]
    return min(lines, key=lambda line: line.error)


def _censored_line(scaled: _Scaled, peaks_gib: Matrix, fitted_gib: float, base_gib: float, strength: float) -> _Line:
    """Points that ran out, below those with peaks, are lifted to what they must at least have taken."""
    measured = len(peaks_gib)
    taken_gib = np.append(peaks_gib, np.full(len(scaled.turned) - measured, fitted_gib))
    for _ in range(_ROUNDS):
        line, fitting_gib = _line(scaled, taken_gib, measured, base_gib, strength)
        taken_gib[measured:] = np.maximum(fitting_gib[measured:], fitted_gib)
    return line


def _line(scaled: _Scaled, taken_gib: Matrix, measured: int, base_gib: float, strength: float) -> tuple[_Line, Matrix]:
    """Ridge regression, its error from the first `measured` rows, each left out in turn (in closed form).

    Returns:
        The line, and what it says of its own points.
    """
    rows = len(taken_gib)
    grown = np.log(np.maximum(taken_gib - base_gib, 1e-3))
    constant = float(grown.mean())
    held_back = scaled.values + strength * rows * 0.01
    slopes = scaled.turned.T @ (grown - constant) / held_back
    fitted = constant + scaled.turned @ slopes
    leverage = np.minimum(1 / rows + scaled.turned**2 @ (1 / held_back), 1 - 1e-6)
    left_out = grown - (grown - fitted) / (1 - leverage)
    off = np.log(_gib(base_gib, left_out[:measured]) / taken_gib[:measured])
    error = max(float(np.sqrt(np.mean(off**2))), _LEAST_ERROR)
    return _Line(base_gib, constant, scaled.axes @ slopes, scaled.centre, scaled.spread, error), _gib(base_gib, fitted)


def _gib(base_gib: float, grown: Matrix) -> Matrix:
    gib: Matrix = base_gib + np.exp(np.minimum(grown, math.log(1e6)))
    return gib


def _shrinks(columns: Columns, line: _Line) -> bool:
    places = [place for name in (IMAGES, PIXELS) if (place := columns.place_of(name)) is not None]
    return any(line.weights[place] < 0 for place in places)
