"""Divides groups into parts so that each part gets its share of every label. Pure, seeded, over counts alone.

Iterative stratification hands out the rarest label first; then groups move, one or two at a time, for as long as that
brings the parts nearer to their shares. Nothing here knows what a label means.

Source: Sechidis, Tsoumakas, Vlahavas 2011, "On the Stratification of Multi-Label Data", algorithm 1, with counts in
place of memberships.
"""

import numpy as np

from results.boxes import FloatArray, IntArray

_MOST_MOVES = 2000
_LEAST_GAIN = 1e-9
# Moves of one group that are looked at in pairs.
_CANDIDATES = 600
_UNASSIGNED = -1


def stratified_parts(counts: IntArray, shares: FloatArray, weights: FloatArray, seed: int) -> IntArray:
    """The part of each group, (G,); no part is left empty where there are as many groups.

    Args:
        counts: (G, L) how often each label stands in each group; every group has at least one.
        shares: (K,) of each part, adding up to 1.
        weights: (L,) how much it matters, where groups are moved, that a label's shares are met.
        seed: equal seeds give equal parts.
    """
    order = np.random.default_rng(seed).permutation(len(counts))
    shuffled = counts[order].astype(np.float64)
    handed_out = _none_empty(_iterative(shuffled, shares), len(shares))
    found = np.empty(len(counts), np.int64)
    found[order] = _improved(handed_out, shuffled, shares, weights)
    return found


def _iterative(counts: FloatArray, shares: FloatArray) -> IntArray:
    """Hands out groups by their rarest label, each to the part that wants most of it."""
    parts = np.full(len(counts), _UNASSIGNED, np.int64)
    wanted = np.outer(shares, counts.sum(axis=0))
    left = counts.sum(axis=0)
    while (left > 0).any():
        label = int(np.argmin(np.where(left > 0, left, np.inf)))
        rows = np.flatnonzero((parts == _UNASSIGNED) & (counts[:, label] > 0))
        for row in rows[np.argsort(-counts[rows, label], kind="stable")]:
            parts[row] = part = _part_for(wanted, label)
            wanted[part] -= counts[row]
            left -= counts[row]
    return parts


def _part_for(wanted: FloatArray, label: int) -> int:
    most = np.flatnonzero(wanted[:, label] >= wanted[:, label].max() - _LEAST_GAIN)
    return int(most[np.argmax(wanted[most].sum(axis=1))])


def _none_empty(parts: IntArray, count: int) -> IntArray:
    parts = parts.copy()
    for part in range(count):
        sizes = np.bincount(parts, minlength=count)
        if sizes[part] == 0:
            parts[np.flatnonzero(parts == np.argmax(sizes))[-1]] = part
    return parts


def _improved(parts: IntArray, counts: FloatArray, shares: FloatArray, weights: FloatArray) -> IntArray:
    """Moves groups, or exchanges two, always what gains most, while anything gains."""
    state = _State(parts.copy(), counts, shares, weights)
    for _ in range(_MOST_MOVES if len(shares) > 1 else 0):
        if not (state.move() or state.exchange()):
            break
    return state.parts


class _State:
    """A division of groups into parts, and how far each part is from its shares.

    What is made small is the sum over parts and labels of weight times the square of (the part's share of the label,
    less the share that it should have).
    """

    def __init__(self, parts: IntArray, counts: FloatArray, shares: FloatArray, weights: FloatArray) -> None:
        self.parts = parts
        totals = counts.sum(axis=0)
        self._scaled = counts * (np.sqrt(weights) / np.maximum(totals, 1))
        self._rows = np.arange(len(counts))
        self._own = (self._scaled**2).sum(axis=1)
        self._excess = -np.outer(shares, self._scaled.sum(axis=0))
        np.add.at(self._excess, parts, self._scaled)

    def move(self) -> bool:
        """The best move of one group, if it gains; no part is left empty."""
        change = self._changes()
        row, part = np.unravel_index(int(np.argmin(change)), change.shape)
        if change[row, part] > -_LEAST_GAIN:
            return False
        self._put(int(row), int(part))
        return True

    def exchange(self) -> bool:
        """The best exchange of two groups among those whose moves cost least, if it gains."""
        change = self._changes()
        order = np.argsort(change, axis=None, kind="stable")[:_CANDIDATES]
        rows, targets = np.unravel_index(order, change.shape)
        kept = np.isfinite(change[rows, targets]) & (targets != self.parts[rows])
        rows, targets = rows[kept], targets[kept]
        moves, scaled, parts = change[rows, targets], self._scaled[rows], self.parts[rows]
        both = moves[:, None] + moves - 2 * scaled @ scaled.T
        both[(targets[:, None] != parts) | (parts[:, None] != targets)] = np.inf
        if not both.size or both.min() > -_LEAST_GAIN:
            return False
        first, second = np.unravel_index(int(np.argmin(both)), both.shape)
        self._put(int(rows[first]), int(targets[first]))
        self._put(int(rows[second]), int(targets[second]))
        return True

    def _changes(self) -> FloatArray:
        """Half of what moving each group into each part changes, (G, K); infinite where it would empty a part."""
        pull = self._scaled @ self._excess.T
        change: FloatArray = pull - pull[self._rows, self.parts][:, None] + self._own[:, None]
        change[self._rows, self.parts] = 0.0
        change[np.bincount(self.parts, minlength=len(self._excess))[self.parts] == 1] = np.inf
        return change

    def _put(self, row: int, part: int) -> None:
        self._excess[self.parts[row]] -= self._scaled[row]
        self._excess[part] += self._scaled[row]
        self.parts[row] = part
