"""Whether two samples come from one distribution: statements on numbers, on categories and on several numbers at once.

Each has an effect size from 0 (no difference) to 1 beside its p-value, for with many images a difference too small to
matter is sure. Pure; what is compared has no meaning here.

Source: Szekely, Rizzo 2013, "Energy statistics"; Holm 1979 for several statements; Cramer's V.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import chi2_contingency, ks_2samp, rankdata

from results.boxes import FloatArray

SURE = 0.01
MATTERS = 0.1
_PERMUTATIONS = 1999
_MOST_ROWS = 1000


@dataclass(frozen=True)
class Statement:
    """What two samples have to do with one another in one respect.

    Attributes:
        what: the respect.
        test: the test that was made.
        effect: 0 to 1: Kolmogorov and Smirnov's D, Cramer's V, or the root of the energy distance's share of its
            greatest.
        p: of a difference at least as large between two samples of one distribution.
        train: the first sample in a word.
        test_set: the second sample in a word.
        corrected: p for all statements made together, by Holm.
        higher: the probability that a member of the second sample is above one of the first; None but for numbers.
    """

    what: str
    test: str
    effect: float
    p: float
    train: str
    test_set: str
    corrected: float = 1.0
    higher: float | None = None

    @property
    def differs(self) -> bool:
        """Whether the difference is both sure and large enough to matter."""
        return self.corrected < SURE and self.effect >= MATTERS


def of_numbers(what: str, train: FloatArray, test: FloatArray, unit: str = "") -> Statement:
    """Two samples of numbers, neither empty: Kolmogorov and Smirnov's test."""
    result = ks_2samp(train, test)
    ranks = rankdata(np.concatenate([train, test]))[len(train) :]
    higher = (ranks.sum() - len(test) * (len(test) + 1) / 2) / (len(train) * len(test))
    before, after = (f"{np.median(one):.4g}{unit}" for one in (train, test))
    return Statement(what, "KS", float(result.statistic), float(result.pvalue), before, after, higher=float(higher))


def of_categories(what: str, train: Sequence[str], test: Sequence[str], most: int = 12) -> Statement:
    """Two samples of categories, neither empty: the chi-square test; all but the `most` frequent are one."""
    names, position = np.unique([*train, *test], return_inverse=True)
    counts = np.array([np.bincount(part, minlength=len(names)) for part in np.split(position, [len(train)])])
    order = np.argsort(-counts.sum(axis=0), kind="stable")
    before, after = (_most_frequent(names[order].tolist(), row[order].tolist()) for row in counts)
    table = np.concatenate([counts[:, order[:most]], counts[:, order[most:]].sum(axis=1, keepdims=True)], axis=1)
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] == 1:
        return Statement(what, "chi-square", 0.0, 1.0, before, after)
    result = chi2_contingency(table, correction=False)
    effect = float(np.sqrt(result.statistic / table.sum()))
    return Statement(what, "chi-square", effect, float(result.pvalue), before, after)


def of_several(what: str, train: FloatArray, test: FloatArray, seed: int = 0) -> Statement:
    """Two samples of rows (N, D) on comparable scales, neither empty: energy distance, its p by permutation."""
    rng = np.random.default_rng(seed)
    first, second = (rows[np.sort(rng.permutation(len(rows))[:_MOST_ROWS])] for rows in (train, test))
    both = np.concatenate([first, second])
    distances = cdist(both, both)
    inside = np.zeros((len(both), _PERMUTATIONS + 1))
    inside[: len(first), 0] = 1
    for column in range(1, _PERMUTATIONS + 1):
        inside[rng.permutation(len(both))[: len(first)], column] = 1
    found, between = _energies(distances, inside)
    p = (1 + int((found[1:] >= found[0] - 1e-12).sum())) / (_PERMUTATIONS + 1)
    effect = float(np.sqrt(max(found[0], 0.0) / (2 * between[0]))) if between[0] > 0 else 0.0
    return Statement(what, "energy distance", effect, p, f"{len(first)} images", f"{len(second)} images")


def together(statements: Sequence[Statement]) -> tuple[Statement, ...]:
    """The statements with p corrected for their number, in the order given."""
    order = sorted(range(len(statements)), key=lambda row: statements[row].p)
    corrected, least = [1.0] * len(statements), 0.0
    for place, row in enumerate(order):
        least = max(least, min(1.0, (len(statements) - place) * statements[row].p))
        corrected[row] = least
    return tuple(replace(one, corrected=p) for one, p in zip(statements, corrected, strict=True))


def _energies(distances: FloatArray, inside: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Energy distance and mean distance between the two sets, for each column of memberships."""
    outside = 1 - inside
    to_inside, to_outside = distances @ inside, distances @ outside
    ones, others = inside.sum(axis=0), outside.sum(axis=0)
    between = (to_outside * inside).sum(axis=0) / (ones * others)
    within = (to_inside * inside).sum(axis=0) / ones**2 + (to_outside * outside).sum(axis=0) / others**2
    return 2 * between - within, between


def _most_frequent(names: Sequence[str], counts: Sequence[int]) -> str:
    total = sum(counts)
    shown = [f"{name} {100 * count / total:.0f}%" for name, count in zip(names, counts, strict=True) if count][:3]
    return ", ".join(shown) + (", ..." if sum(1 for count in counts if count) > len(shown) else "")
