"""The manifest of a finished trial: size and sha256 of each file; whoever reads a trial checks its files here first.

    {"schema": 2, "files": {"raw.arrow": {"bytes": 812, "sha256": "..."}, ...}, "sha256": "... of files"}

One flipped bit in an Arrow file gives another number and no error, so content is compared before it is read. A
manifest of the first version, {"files": {"raw.arrow": 812}}, has sizes alone: its trials are read, and called
unverified. Weights and prepared sets may be deleted on purpose; every other file that is listed must be there. A trial
without any file (the ledger alone is its record) is whole. This module repairs nothing.
"""

import hashlib
import json
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from results.errors import DamagedFileError
from results.layout import RunLayout, TrialLayout, write_atomically
from results.ranking import best_first
from results.trial_records import TrialRecord

SCHEMA = 2
_SHOWN = 12  # characters of a hash in a message

FilesOf = Callable[[TrialLayout], Sequence[Path]]


@dataclass(frozen=True)
class _Entry:
    """What a manifest says of one file; no sha256 in the first version."""

    size: int
    sha256: str | None


@dataclass(frozen=True)
class Checked:
    """Trials whose files were compared with their manifests.

    Attributes:
        sound: those that may be read, in the order given.
        damaged: what is wrong, by the number of a trial that must not be read.
        unverified: numbers among the sound ones whose manifest has sizes alone.
    """

    sound: tuple[TrialRecord, ...]
    damaged: Mapping[int, str]
    unverified: tuple[int, ...]

    def lines(self) -> list[str]:
        """One sentence for each trial that is left out, and one for all that could not be verified."""
        left_out = [f"Trial {number} is left out: {fault}." for number, fault in self.damaged.items()]
        if not self.unverified:
            return left_out
        numbers = ", ".join(map(str, self.unverified))
        return [*left_out, f"Not verified (an earlier version kept sizes, no hashes): files of trial {numbers}."]


def score_files(trial: TrialLayout) -> Sequence[Path]:
    """What a leaderboard reads of a trial."""
    return (trial.outcome, trial.truth, trial.detections)


def report_files(trial: TrialLayout) -> Sequence[Path]:
    """What a report reads of a trial."""
    return (*score_files(trial), trial.config, trial.raw, *prepared_files(trial))


def prediction_files(trial: TrialLayout) -> Sequence[Path]:
    """What is read of a trial that predicts images and is judged by its validation boxes."""
    return (*score_files(trial), trial.config, trial.weights)


def prepared_files(trial: TrialLayout) -> list[Path]:
    """What the trial keeps of its raw detections, sorted by name."""
    return sorted(path for path in trial.prepared.glob("*") if path.is_file())


def write_manifest(trial: TrialLayout, files: Iterable[Path]) -> None:
    """Write the manifest of files that are complete; the last thing that a trial writes."""
    listed = {_name(trial, path): {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in files}
    content = {"schema": SCHEMA, "files": listed, "sha256": _own_digest(listed)}
    write_atomically(trial.manifest, json.dumps(content, indent=1) + "\n")


def damage(trial: TrialLayout, files: Iterable[Path] | None = None) -> str | None:
    """Say which of a finished trial's files is not what the trial wrote; None where all are.

    Args:
        trial: of a COMPLETE trial.
        files: those that will be read; all that the manifest lists when left out.
    """
    if not trial.manifest.is_file():
        return f"{trial.manifest} is missing, which is written last" if _has_files(trial) else None
    try:
        entries = _entries(trial)
        names = list(entries) if files is None else [_name(trial, path) for path in files]
        faults = (_fault(trial, name, entries.get(name)) for name in names)
        return next((fault for fault in faults if fault is not None), None)
    except OSError as error:
        return f"{error.filename or trial.folder} cannot be read ({error.strerror})"
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        return f"{trial.manifest} is damaged ({' '.join(str(error).split())[:80]})"


def check_whole(trial: TrialLayout, files: Iterable[Path]) -> None:
    """Refuse a trial whose files are not what it wrote.

    Raises:
        DamagedFileError: naming the first such file.
    """
    fault = damage(trial, files)
    if fault is not None:
        raise DamagedFileError(f"{fault}; restore the folder from a copy, or use another trial")


def checked(run: RunLayout, ranked: Iterable[TrialRecord], files_of: FilesOf, count: int) -> Checked:
    """Compare trials with their manifests, in order, until `count` are sound.

    Args:
        run: whose trials they are.
        ranked: COMPLETE trials, best first.
        files_of: which files will be read.
        count: how many are wanted.
    """
    sound: list[TrialRecord] = []
    damaged: dict[int, str] = {}
    for record in ranked:
        if len(sound) == count:
            break
        trial = run.trial(record.number)
        fault = damage(trial, files_of(trial))
        if fault is None:
            sound.append(record)
        else:
            damaged[record.number] = fault
    unverified = tuple(record.number for record in sound if _is_unverified(run.trial(record.number)))
    return Checked(tuple(sound), damaged, unverified)


def best_whole(
    run: RunLayout,
    records: Iterable[TrialRecord],
    among: Container[int],
    files_of: FilesOf = prediction_files,
) -> int:
    """Return the number of the best trial whose files are whole; prints which better ones are left out.

    Args:
        run: whose trials they are.
        records: all of them.
        among: numbers that may be chosen, at least one.
        files_of: which files will be read.

    Raises:
        DamagedFileError: there is none.
    """
    candidates = [record for record in best_first(records) if record.number in among]
    found = checked(run, candidates, files_of, 1)
    if not found.sound:
        raise DamagedFileError(f"a trial with whole files must be there; {next(iter(found.damaged.values()))}")
    for line in found.lines():
        print(line)
    return found.sound[0].number


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's content; read once for each time, size and inode of it.

    Raises:
        OSError: it cannot be read.
    """
    status = path.stat()
    return _sha256(path.absolute(), (status.st_mtime_ns, status.st_size, status.st_ino))


# Only in memory: bits that rot on a disk change no time, so the next process reads them again.
@lru_cache(maxsize=4096)
def _sha256(path: Path, _stamp: tuple[int, int, int]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fault(trial: TrialLayout, name: str, entry: _Entry | None) -> str | None:
    path = trial.folder / name
    if not path.is_file():
        is_needed = entry is not None and path != trial.weights and path.parent != trial.prepared
        return f"{path} is missing" if is_needed else None
    if entry is None:
        # The first version did not list prepared sets.
        is_allowed = path.parent == trial.prepared and _is_unverified(trial)
        return None if is_allowed else f"{path} is not in the trial's manifest"
    size = path.stat().st_size
    if size != entry.size:
        return f"{path} is damaged (must be {entry.size} bytes, got {size})"
    found = None if entry.sha256 is None else sha256_of(path)
    if found != entry.sha256:
        return f"{path} is damaged (sha256 must be {_cut(entry.sha256)}, got {_cut(found)})"
    return None


def _entries(trial: TrialLayout) -> dict[str, _Entry]:
    content = json.loads(trial.manifest.read_bytes())
    files = {} if content == {} else content["files"]  # an early fake trial wrote {}
    if all(type(size) is int for size in files.values()) and "schema" not in content:
        return {str(name): _Entry(size, None) for name, size in files.items()}
    if content["schema"] != SCHEMA or content["sha256"] != _own_digest(files):
        raise ValueError("it does not match its own sha256")
    return {str(name): _Entry(int(entry["bytes"]), str(entry["sha256"])) for name, entry in files.items()}


def _is_unverified(trial: TrialLayout) -> bool:
    return trial.manifest.is_file() and any(entry.sha256 is None for entry in _entries(trial).values())


def _has_files(trial: TrialLayout) -> bool:
    files = (trial.config, *score_files(trial), trial.raw, trial.weights)
    return any(path.is_file() for path in files)


def _name(trial: TrialLayout, path: Path) -> str:
    return path.relative_to(trial.folder).as_posix()


def _own_digest(files: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def _cut(digest: str | None) -> str:
    return "none" if digest is None else digest[:_SHOWN]
