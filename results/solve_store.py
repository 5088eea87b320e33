"""Solves the post tier with everything kept beside the raw set: prepared set, overlap graph, and all rows evaluated.

A second solve of the same raw set (another spec, a resumed run) prepares and evaluates nothing twice, and whatever TPE
or a grid evaluated before takes part in the recombination. `results.solve` alone keeps nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from results.boxes import Detections, Truth
from results.fingerprints import detections_fingerprint, joined_fingerprint, rule_fingerprint, truth_fingerprint
from results.postprocess import PostSpec
from results.prepared import PreparedSet, prepare, prepare_truth
from results.prepared_file import found_set, prepared_set
from results.rules import Rule
from results.solution import Solution
from results.solve import class_cap, draws_of, solution_of, swept_by
from results.sweep import Sweep, SweepTable, joined
from results.sweep_table import read_sweep, write_sweep


@dataclass(frozen=True)
class RawSet:
    """What is solved: raw detections, their truth, and the rule that decides."""

    truth: Truth
    raw: Detections
    rule: Rule


def solve_stored(
    folder: Path, given: RawSet, spec: PostSpec, seed: int, group_of_image: Mapping[int, int] | None = None
) -> Solution:
    """As `results.solve.solve`, with `folder` holding what is used again.

    Args:
        folder: of this raw set; made if it is not there.
        given: the raw set.
        spec: what may be done.
        seed: of the bootstrap, the folds and TPE.
        group_of_image: by image id, a number that images share which must be drawn together; None if there are none.

    Raises:
        InputError: a row is bad.
        DamagedFileError: `folder` holds a damaged file; it is not overwritten.
    """
    swept = sweep_stored(folder, given, spec, seed)
    return solution_of(swept, spec, draws_of(swept.prepared.truth, seed, group_of_image))


def sweep_stored(folder: Path, given: RawSet, spec: PostSpec, seed: int) -> Sweep:
    """The settings that `spec` searches; `folder` then holds the prepared set and every row that was evaluated.

    Args:
        folder: of this raw set; made if it is not there.
        given: the raw set.
        spec: what may be done.
        seed: of TPE.

    Raises:
        InputError: a row is bad.
        DamagedFileError: `folder` holds a damaged file; it is not overwritten.
    """
    prepared = prepared_set(folder, given.truth, given.raw, given.rule)
    table = _TableFile.of(folder, given, spec)
    known = table.read()
    swept = swept_by(prepared, spec, seed, known)
    table.write(swept.table if known is None else joined([known, swept.table]))
    return swept


def sweep_opened(folder: Path, given: RawSet, spec: PostSpec) -> Sweep:
    """The grid's settings and those that `folder` knows, prepared and evaluated only where it does not hold them.

    Writes nothing, so that a page about a finished trial leaves its folder alone.

    Raises:
        InputError: a row is bad.
        DamagedFileError: `folder` holds a damaged file.
    """
    prepared = opened_or_prepared(folder, given)
    return swept_by(prepared, replace(spec, search="exact"), 0, _TableFile.of(folder, given, spec).read())


def known_rows(folder: Path, given: RawSet, spec: PostSpec) -> SweepTable | None:
    """Every row that `folder` holds of this raw set under this spec's cap and suppression; None if it holds none.

    Raises:
        DamagedFileError: the table is damaged.
    """
    return _TableFile.of(folder, given, spec).read()


def opened_or_prepared(folder: Path, given: RawSet) -> PreparedSet:
    """The prepared set that `folder` holds of this raw set, or one made anew; writes nothing.

    Raises:
        InputError: a row is bad.
        DamagedFileError: `folder` holds a damaged file.
    """
    found = found_set(folder, given.truth, given.raw, given.rule)
    return prepare(prepare_truth(given.truth, given.rule), given.raw) if found is None else found


@dataclass(frozen=True)
class _TableFile:
    """Where the rows of one raw set under one rule, cap and kind of suppression are kept."""

    path: Path
    data: str
    rule: str

    @staticmethod
    def of(folder: Path, given: RawSet, spec: PostSpec) -> "_TableFile":
        data = joined_fingerprint(truth_fingerprint(given.truth), detections_fingerprint(given.raw))
        rule = joined_fingerprint(rule_fingerprint(given.rule), str(class_cap(given.rule, spec)), spec.suppress)
        return _TableFile(folder / f"sweep-{data}-{rule}.arrow", data, rule)

    def read(self) -> SweepTable | None:
        return read_sweep(self.path, self.data, self.rule) if self.path.exists() else None

    def write(self, table: SweepTable) -> None:
        write_sweep(self.path, table, self.data, self.rule)
