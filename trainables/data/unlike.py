"""Which pictures are unlike those of a data set: a robust distance of what was measured of them. Pure.

Pictures are compared with those of their own kind (size and mode): where caps are small and in colour and labels large
and grey, neither is odd.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from results.boxes import FloatArray
from trainables.data.picture_measures import Measures

NAMES = ("brightness", "contrast", "sharpness", "area", "aspect ratio")
# A kind of its own must be common enough to tell what is usual in it.
_LEAST_OF_KIND = 20
_LEAST_SHARE = 0.05
_NORMAL_MAD = 1.4826
_ODD = 0.999
_SHRINKAGE = 0.1
_NEGLIGIBLE = 1e-9
_MOST_Z = 3.0
_RARE = "rare size"


@dataclass(frozen=True)
class Unlike:
    """One picture far from what is usual.

    Attributes:
        row: among those that were ranked.
        distance: Mahalanobis', in standard deviations of all measures together.
        reason: the measure that is farthest from its median, and by how much.
    """

    row: int
    distance: float
    reason: str


def ranked(train: Measures, other: Measures) -> tuple[list[Unlike], int]:
    """The pictures of `other`, those most unlike `train` first, and how many are beyond what one in 1000 is.

    A picture of a kind that `train` has next to nothing of is beyond, however it was measured, and comes first.
    """
    values, usual = features(other), features(train)
    kinds, known = np.array(kinds_of(other, train)), np.array(kinds_of(train, train))
    foreign: list[Unlike] = []
    own: list[Unlike] = []
    odd = 0
    for kind in np.unique(kinds).tolist():
        rows, same = np.flatnonzero(kinds == kind), usual[known == kind]
        is_known = len(same) >= _LEAST_OF_KIND
        distances, scores = robust_distances(same if is_known else usual, values[rows])
        found = [Unlike(int(row), float(far), _reason(z)) for row, far, z in zip(rows, distances, scores, strict=True)]
        odd += int((distances > _odd_distance(scores)).sum()) if is_known else len(found)
        (own if is_known else foreign).extend(found)
    foreign = [replace(one, reason=_foreign_reason(other, one.row)) for one in foreign]
    return [*_farthest_first(foreign), *_farthest_first(own)], odd


def features(measures: Measures) -> FloatArray:
    """(M, 5) in the order of `NAMES`; sharpness, area and aspect ratio as logarithms."""
    width, height = measures.width_px.astype(np.float64), measures.height_px.astype(np.float64)
    logs = np.log(np.stack([measures.sharpness + 1.0, width * height, width / height], axis=1))
    return np.concatenate([measures.brightness[:, None], measures.contrast[:, None], logs], axis=1)


def kinds_of(measures: Measures, train: Measures) -> list[str]:
    """Size and mode of each picture, its size only where it is common in `train`."""
    sizes, counts = np.unique(train.sizes(), return_counts=True)
    least = max(_LEAST_OF_KIND, _LEAST_SHARE * len(train.file_names))
    common = set(sizes[counts >= least].tolist())
    pairs = zip(measures.sizes(), measures.modes(), strict=True)
    return [f"{size if size in common else _RARE}, {mode}" for size, mode in pairs]


def robust_distances(usual: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distances (M,) of rows from the usual ones, and each measure's robust z (M, D), 0 where it never varies."""
    middle = np.median(usual, axis=0)
    scale = _NORMAL_MAD * np.median(np.abs(usual - middle), axis=0)
    scale = np.where(scale > 0, scale, usual.std(axis=0))
    varies = scale > _NEGLIGIBLE * np.maximum(np.abs(middle), 1.0)
    z_usual, z = (_scaled(rows, middle, scale, varies) for rows in (usual, values))
    clipped = np.clip(z_usual, -_MOST_Z, _MOST_Z)
    spread = clipped.T @ clipped / max(len(clipped), 1)
    spread = (1 - _SHRINKAGE) * spread + _SHRINKAGE * np.eye(len(spread))
    inverse = np.linalg.inv(spread)
    return np.sqrt(np.einsum("ij,jk,ik->i", z, inverse, z)), z


def joint_features(train: Measures, test: Measures) -> tuple[FloatArray, FloatArray]:
    """The measures that vary, (N, D) and (M, D), and the mode, on the scale of both sets together."""
    both = np.concatenate([features(train), features(test)])
    grey = np.concatenate([train.is_grey, test.is_grey]).astype(np.float64)[:, None]
    both = np.concatenate([both, grey], axis=1)
    deviation = both.std(axis=0)
    kept = deviation > _NEGLIGIBLE
    scaled = (both[:, kept] - both[:, kept].mean(axis=0)) / deviation[kept]
    return scaled[: len(train.file_names)], scaled[len(train.file_names) :]


def _scaled(rows: FloatArray, middle: FloatArray, scale: FloatArray, varies: npt.NDArray[np.bool_]) -> FloatArray:
    # What never varies among the usual ones tells nothing of how much it may.
    return np.where(varies, (rows - middle) / np.where(varies, scale, 1.0), 0.0)


def _odd_distance(scores: FloatArray) -> float:
    measured = max(int((np.abs(scores).max(axis=0, initial=0) > 0).sum()), 1)
    return float(np.sqrt(chi2.ppf(_ODD, measured)))


def _farthest_first(found: list[Unlike]) -> list[Unlike]:
    return sorted(found, key=lambda one: (-one.distance, one.row))


def _foreign_reason(measures: Measures, row: int) -> str:
    mode = "grey" if measures.is_grey[row] else "colour"
    return f"train has few or none of its size and mode ({measures.width_px[row]}x{measures.height_px[row]}, {mode})"


def _reason(z: FloatArray) -> str:
    farthest = int(np.argmax(np.abs(z)))
    direction = "more" if z[farthest] > 0 else "less"
    return f"{direction} {NAMES[farthest]} than usual, by {abs(z[farthest]):.1f} deviations"
