"""Whether a point is at least as large as one that ran out of memory, in everything that moves the memory. Pure.

It asks no model for a number: of two points that differ only in size, the larger one needs no less.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from orchestrator.memory_features import Columns, Matrix


@dataclass(frozen=True)
class Precedents:
    """What fitted and what ran out.

    Attributes:
        sizes: columns that move the memory, turned so that more is larger.
        words: columns of words that move it; points that differ there are not compared.
        turn: +1 or -1 for each of `sizes`.
        fitted: points that had enough, a line each.
        out: points that ran out, a line each.
    """

    sizes: Sequence[int]
    words: Sequence[int]
    turn: Matrix
    fitted: Matrix
    out: Matrix

    @classmethod
    def of(cls, columns: Columns, slopes: Matrix, error: float, seen: tuple[Matrix, Matrix]) -> "Precedents":
        """Takes the columns whose effect over what was seen is not lost in the error.

        Args:
            columns: of the points.
            slopes: change of the logarithm of the memory by each column.
            error: of these logarithms.
            seen: lines of points that fitted, and of points that ran out.
        """
        everything = np.vstack(seen)
        effects = np.abs(slopes) * (everything.max(axis=0) - everything.min(axis=0))
        moving = [place for place in range(len(slopes)) if effects[place] >= error]
        sizes = [place for place in moving if place < len(columns.numbers)]
        words = [place for place in moving if place >= len(columns.numbers)]
        return cls(sizes, words, np.sign(slopes[sizes]), *seen)

    def condemn(self, line: Matrix) -> bool:
        """Whether a point that was no larger ran out, and none that was at least as large fitted."""
        return bool((self._larger(line, self.out) >= 0).all(axis=1).any()) and not self._fitted_as_large(line)

    def _fitted_as_large(self, line: Matrix) -> bool:
        return bool((self._larger(line, self.fitted) <= 0).all(axis=1).any())

    def _larger(self, line: Matrix, others: Matrix) -> Matrix:
        """By how much the point is larger than those of the others that have its words, in each size."""
        alike = others[(others[:, self.words] == line[self.words]).all(axis=1)]
        larger: Matrix = (line[self.sizes] - alike[:, self.sizes]) * self.turn
        return larger
