"""What is known of a trial's memory before it runs, as numbers: pixels, images at once, and every other parameter.

Nothing here knows a detector: a parameter that has no part in the memory is told apart by the fit, not by its name.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search_spaces.domains import is_number
from trainables.notation import parse_train_scales

Feature = float | str
Matrix = npt.NDArray[np.float64]

IMAGES, PIXELS = "images at once", "pixels of an image"
_BATCH, _SCALE = "batch_size", "train_scale"


def features_of(params: Mapping[str, object], parts: int) -> dict[str, Feature]:
    """The logarithms of what is countable, and the words of what is not.

    Args:
        params: complete train parameters.
        parts: that each batch is trained in.
    """
    features = {name: _feature(value) for name, value in params.items() if name not in (_BATCH, _SCALE)}
    batch, scale = params.get(_BATCH), params.get(_SCALE)
    if is_number(batch):
        features[IMAGES] = math.log(float(str(batch)) / parts)
    if isinstance(scale, str):
        largest = parse_train_scales(scale).largest()
        features[PIXELS] = math.log(largest.width_px * largest.height_px)
    return features


def _feature(value: object) -> Feature:
    return math.log(float(str(value))) if is_number(value) and float(str(value)) > 0 else str(value)


@dataclass(frozen=True)
class Columns:
    """How features become columns of numbers; made of what was seen.

    Attributes:
        numbers: features that are numbers wherever they are given, and differ.
        words: (feature, word) pairs, a column of 0 and 1 for each.
        known: every word that was seen of each feature of words.
        usual: of each number the mean, for rows without it: of several detectors not all have every parameter.
    """

    numbers: tuple[str, ...]
    words: tuple[tuple[str, str], ...]
    known: Mapping[str, frozenset[str]]
    usual: Mapping[str, float]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Feature]]) -> "Columns":
        """The columns in which the rows differ."""
        names = sorted({name for row in rows for name in row})
        values = {name: [row[name] for row in rows if name in row] for name in names}
        numbers = {name: [one for one in seen if isinstance(one, float)] for name, seen in values.items()}
        numeric = [name for name in names if len(numbers[name]) == len(values[name])]
        known = {name: frozenset(str(row.get(name, "")) for row in rows) for name in names if name not in numeric}
        differing = tuple(name for name in numeric if len(set(numbers[name])) > 1)
        return cls(
            differing,
            tuple((name, word) for name in sorted(known) if len(known[name]) > 1 for word in sorted(known[name])),
            known,
            {name: math.fsum(numbers[name]) / len(numbers[name]) for name in differing},
        )

    def place_of(self, name: str) -> int | None:
        """The column of a feature of numbers, None where it is none or never differed."""
        return self.numbers.index(name) if name in self.numbers else None

    def matrix(self, rows: Sequence[Mapping[str, Feature]]) -> Matrix:
        """One line a row."""
        return np.array([self._line(row) for row in rows], dtype=np.float64).reshape(len(rows), -1)

    def knows(self, row: Mapping[str, Feature]) -> bool:
        """Whether nothing in a row is unlike all that was seen."""
        fits = (isinstance(row.get(name, usual), float) for name, usual in self.usual.items())
        return all(fits) and all(str(row.get(name, "")) in words for name, words in self.known.items())

    def _line(self, row: Mapping[str, Feature]) -> list[float]:
        numbers = [float(row.get(name, self.usual[name])) for name in self.numbers]
        return [*numbers, *(float(str(row.get(name, "")) == word) for name, word in self.words)]
