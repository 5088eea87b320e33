"""Solves the post tier with everything kept beside the raw set: prepared set, overlap graph, and all rows evaluated.

A second solve of the same raw set (another spec, a resumed run) prepares and evaluates nothing twice, and whatever TPE
or a grid evaluated before takes part in the recombination. `results.solve` alone keeps nothing.
"""

from dataclasses import dataclass
from pathlib import Path

from results.boxes import Detections, Truth
from results.cutoffs import image_folds
from results.fingerprints import detections_fingerprint, joined_fingerprint, rule_fingerprint, truth_fingerprint
from results.postprocess import PostSpec
from results.prepared_file import prepared_set
from results.rules import Rule
from results.solve import Solution, class_cap, solution_of, swept_by
from results.sweep import joined
from results.sweep_table import read_sweep, write_sweep
from results.uncertainty import REPLICATES, image_weights


@dataclass(frozen=True)
class RawSet:
    """What is solved: raw detections, their truth, and the rule that decides."""

    truth: Truth
    raw: Detections
    rule: Rule


def solve_stored(folder: Path, given: RawSet, spec: PostSpec, seed: int) -> Solution:
    """As `results.solve.solve`, with `folder` holding what is used again.

    Args:
        folder: of this raw set; made if it is not there.
        given: the raw set.
        spec: what may be done.
        seed: of the bootstrap, the folds and TPE.

    Raises:
        InputError: a row is bad.
        DamagedFileError: `folder` holds a damaged file; it is not overwritten.
    """
    prepared = prepared_set(folder, given.truth, given.raw, given.rule)
    images = len(prepared.truth.image_id)
    cap = class_cap(given.rule, spec)
    data = joined_fingerprint(truth_fingerprint(given.truth), detections_fingerprint(given.raw))
    rule = joined_fingerprint(rule_fingerprint(given.rule), str(cap))
    path = folder / f"sweep-{data}-{rule}.arrow"
    known = read_sweep(path, data, rule) if path.exists() else None
    swept = swept_by(prepared, spec, seed, known)
    write_sweep(path, swept.table if known is None else joined([known, swept.table]), data, rule)
    return solution_of(swept, spec, image_weights(images, REPLICATES, seed), image_folds(images, seed))
