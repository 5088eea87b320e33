"""Pictures that are copies of one another, under whatever name, encoded again or resized: pure, over looks.

A short list by the perceptual hash, each pair of it confirmed by the correlation of its grey pixels. Look-alikes, such
as two patches of one texture, pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from results.boxes import IntArray
from trainables.data.picture_look import SIDE_PX

# Of 256 bits. Copies differ in up to 60 (quality 30, or a quarter of the size), pictures of one texture in 78 and more
# but for four pairs of 1.6 million (benchmarks/copies.md).
LARGEST_DISTANCE = 64
LEAST_CORRELATION = 0.98
_ROWS_AT_ONCE = 256
_PAIRS_AT_ONCE = 4096


@dataclass(frozen=True)
class Looks:
    """How M pictures look, in one order.

    Attributes:
        hash_words: (M, 4) uint64.
        grey: (M, 48, 48) int8.
        known: (M,) bool, False where a picture could not be decoded; such a picture is no copy.
    """

    hash_words: npt.NDArray[np.uint64]
    grey: npt.NDArray[np.int8]
    known: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        """M."""
        return len(self.known)


def copies_between(first: Looks, second: Looks) -> IntArray:
    """Pairs (row of `first`, row of `second`) of copies, (P, 2), ascending."""
    listed = short_list(first, second)
    return listed[correlations(first, second, listed) >= LEAST_CORRELATION]


def copies_within(looks: Looks) -> IntArray:
    """Pairs (earlier row, later row) of copies, (P, 2), ascending."""
    listed = short_list(looks, looks)
    listed = listed[listed[:, 0] < listed[:, 1]]
    return listed[correlations(looks, looks, listed) >= LEAST_CORRELATION]


def short_list(first: Looks, second: Looks) -> IntArray:
    """Pairs whose hashes are near, (P, 2), ascending."""
    pairs = [rows for rows in _near_rows(first, second) if len(rows)]
    return np.concatenate(pairs) if pairs else np.zeros((0, 2), np.int64)


def correlations(first: Looks, second: Looks, pairs: IntArray) -> npt.NDArray[np.float64]:
    """Pearson's correlation of the grey pixels of each pair, (P,); 0 where a picture has one grey alone."""
    found = np.zeros(len(pairs))
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        rows = pairs[start : start + _PAIRS_AT_ONCE]
        ones, others = _unit_rows(first.grey[rows[:, 0]]), _unit_rows(second.grey[rows[:, 1]])
        found[start : start + len(rows)] = np.einsum("ij,ij->i", ones, others)
    return found


def _near_rows(first: Looks, second: Looks) -> Iterator[IntArray]:
    for start in range(0, len(first), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        distance = _distances(first.hash_words[rows], second.hash_words)
        near = (distance <= LARGEST_DISTANCE) & first.known[rows, None] & second.known
        yield np.argwhere(near).astype(np.int64) + np.array([start, 0], np.int64)


def _distances(ones: npt.NDArray[np.uint64], others: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint16]:
    found = np.zeros((len(ones), len(others)), np.uint16)
    for word in range(ones.shape[1]):
        found += np.bitwise_count(ones[:, None, word] ^ others[:, word])
    return found


def _unit_rows(grey: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
    rows = grey.reshape(-1, SIDE_PX * SIDE_PX).astype(np.float64)
    rows -= rows.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows /= np.where(lengths > 0, lengths, 1.0)
    return rows
