"""Where a run keeps its files: the only place that builds or parses the paths and ids of a run.

    runs/<name>/ledger.jsonl                 every decision and result, in order
                ledger.jsonl.lock            who writes the ledger now
                space.yaml, settings.json    what was searched, and how
                online.jsonl                 scores that the contest's server gave
                *.provenance.json            recipes of submissions that were made of its trials
                trials/0007/                 one trial: effective configuration, boxes, weights, manifest

It decides names and writes files whole; it does not know what stands in them, except for the time in a ledger's
first line, which tells the newest run.
"""

import contextlib
import json
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from results.disk import writing
from results.errors import InputError
from results.nearest import listed, nearest

_RECIPE_SUFFIX = ".provenance.json"
_NO_RUN = "there is no run yet; start a search here, or wait until the cluster of one that starts has answered"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._]+")
_MOST_OF_TEXT = 60
_ROOM_BYTES = 64 * 1024  # of a run's first files
_RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class TrialLayout:
    """The files of one trial. Nothing is created by asking for a path."""

    folder: Path

    @property
    def config(self) -> Path:
        """The effective configuration, as it was built."""
        return self.folder / "config.json"

    @property
    def raw(self) -> Path:
        """Raw detections (before NMS) on the validation images."""
        return self.folder / "raw.arrow"

    @property
    def detections(self) -> Path:
        """Detections (after the solved post-processing) on the validation images."""
        return self.folder / "detections.arrow"

    @property
    def prepared(self) -> Path:
        """Folder of what `results.solve_store` keeps of the raw detections, so that nobody prepares them again."""
        return self.folder / "prepared"

    @property
    def truth(self) -> Path:
        """The truth that the trial was scored against."""
        return self.folder / "truth.arrow"

    @property
    def weights(self) -> Path:
        """The weights that made the raw detections."""
        return self.folder / "weights.pth"

    @property
    def checkpoint(self) -> Path:
        """Everything that the training needs to go on from its latest rung; gone once the trial has ended."""
        return self.folder / "checkpoint.pth"

    @property
    def checkpoint_note(self) -> Path:
        """What the checkpoint holds, as json: {"epoch", "score"}; written after it, so it stands for a whole one.

        The score is null until the epoch's rung is judged. A worker that dies between the two files leaves the note of
        the epoch before; the checkpoint says itself which epoch it is of.
        """
        return self.folder / "checkpoint.json"

    def epoch_weights(self, epoch: int) -> Path:
        """Weights of one epoch, kept while a trial runs whose views average them."""
        return self.folder / f"epoch_{epoch:04d}.pth"

    def weighed_epochs(self) -> list[int]:
        """Epochs whose weights there are, ascending."""
        return sorted(int(path.stem.removeprefix("epoch_")) for path in self.folder.glob("epoch_*.pth"))

    @property
    def epoch_scores(self) -> Path:
        """Scores of a trial's epochs as json, kept while it runs where its views average the best."""
        return self.folder / "epoch_scores.json"

    def epoch_files(self) -> list[Path]:
        """Everything that averages needed; gone once the trial has ended."""
        return [*map(self.epoch_weights, self.weighed_epochs()), self.epoch_scores]

    @property
    def outcome(self) -> Path:
        """What the trial returned to the driver."""
        return self.folder / "outcome.json"

    @property
    def manifest(self) -> Path:
        """Sizes and hashes of the other files; written last, so its presence means that the trial has finished."""
        return self.folder / "manifest.json"

    @property
    def log(self) -> Path:
        """What the trial said while it ran."""
        return self.folder / "log.txt"

    @property
    def hung(self) -> Path:
        """Where the trial stood when its worker was ended because it hung; beside the folder, which a trial clears."""
        return self.folder.with_suffix(".hung.txt")


@dataclass(frozen=True)
class RunLayout:
    """The files of one run of the search. Nothing is created by asking for a path."""

    root: Path

    @property
    def name(self) -> str:
        """The run's name, as `--name` and `--run` take it."""
        return self.root.name

    @property
    def ledger(self) -> Path:
        """The append-only record of the run."""
        return self.root / "ledger.jsonl"

    @property
    def lock(self) -> Path:
        """Names the process that writes the ledger."""
        return lock_of(self.ledger)

    @property
    def space(self) -> Path:
        """The space file, copied when the run began."""
        return self.root / "space.yaml"

    @property
    def settings(self) -> Path:
        """The resolved settings of the run."""
        return self.root / "settings.json"

    @property
    def online(self) -> Path:
        """Scores recorded from the contest's server."""
        return self.root / "online.jsonl"

    def recipe(self, submission: Path) -> Path:
        """This run's copy of a submission's recipe: what it names is kept."""
        return self.root / f"{submission.stem}{_RECIPE_SUFFIX}"

    def recipes(self) -> list[Path]:
        """Every recipe in the run's folder."""
        return sorted(self.root.glob(f"*{_RECIPE_SUFFIX}"))

    def trial(self, number: int) -> TrialLayout:
        """The files of trial `number`.

        Raises:
            ValueError: the number is negative.
        """
        if number < 0:
            raise ValueError(f"a trial's number is 0 or more, received {number}; use the number the ledger gave it")
        return TrialLayout(self.root / "trials" / f"{number:04d}")


def lock_of(ledger: Path) -> Path:
    """The lock file that stands beside a ledger."""
    return ledger.with_name(ledger.name + ".lock")


def runs_root() -> Path:
    """The folder of all runs, under the current directory."""
    return Path("runs")


def run_layout(name: str) -> RunLayout:
    """The files of the run called `name`, whether it exists or not.

    Raises:
        InputError: the name holds anything but letters, digits and `._-`, or starts with one of these three.
    """
    if not _RUN_NAME.fullmatch(name):
        raise InputError(
            "a run's name is made of letters, digits, '.', '_' and '-', starts with a letter or digit"
            " and has at most 100 characters",
            repr(name),
            f"use --name {sound_name(name)}, for example",
        )
    return RunLayout(runs_root() / name)


def sound_name(text: str) -> str:
    """Text as the beginning of a run's name: what such a name cannot hold becomes "-", and 60 characters are kept."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    kept = _NOT_IN_NAMES.sub("-", plain).strip("._-")
    return kept[:_MOST_OF_TEXT].rstrip("._-") or "run"


def fresh_run(name: str) -> RunLayout:
    """The files of a run that is about to begin.

    Raises:
        InputError: the name is not a run's name, or a run of that name has a ledger.
    """
    layout = run_layout(name)
    if layout.ledger.exists():
        raise InputError(
            "a new run has a name of its own", name, f"choose another --name, or continue it: --name {name} --resume"
        )
    return layout


def run_named(name: str) -> RunLayout:
    """The files of an existing run.

    Raises:
        InputError: no run of that name; the message names the nearest existing one.
    """
    layout = run_layout(name)
    if layout.ledger.is_file():
        return layout
    names = sorted(run.name for run in existing_runs())
    if not names:
        raise InputError("--run names an existing run", repr(name), _NO_RUN)
    near = nearest(name, names)
    remedy = f"did you mean {near!r}?" if near else f"use one of {listed(names)}"
    raise InputError("--run names an existing run", repr(name), remedy)


def newest_run() -> RunLayout:
    """The run whose ledger was created last.

    Raises:
        InputError: there is no run.
    """
    runs = existing_runs()
    if not runs:
        raise InputError("there is a run to look at", f"none under {runs_root().resolve()}", _NO_RUN)
    return max(runs, key=lambda run: (_created_s(run.ledger), run.name))


def chosen_run(name: str | None) -> RunLayout:
    """What `--run NAME` means: the run called `name`, or the newest one when it is left out.

    Raises:
        InputError: there is no such run.
    """
    return newest_run() if name is None else run_named(name)


def existing_runs() -> list[RunLayout]:
    """All runs that have a ledger, in no particular order."""
    root = runs_root()
    folders = root.iterdir() if root.is_dir() else iter(())
    return [RunLayout(folder) for folder in folders if (folder / "ledger.jsonl").is_file()]


def check_can_begin(run: RunLayout) -> None:
    """Refuse a folder in which no run can begin; leaves nothing behind.

    Raises:
        DiskError: it cannot be made or written, or has no room for a run's first files.
    """
    made = [folder for folder in (run.root, *run.root.parents) if not folder.exists()]
    probe = run.root / ".room"
    try:
        with writing(run.root):
            run.root.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(bytes(_ROOM_BYTES))
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
        remove_empty(made)


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove folders, the deepest first, as long as nothing is in them."""
    with contextlib.suppress(OSError):
        for folder in folders:
            folder.rmdir()


def write_atomically(path: Path, content: bytes | str) -> None:
    """Writes a file whole or not at all: to a temporary sibling, then a rename. Missing folders are made.

    Args:
        path: the file; an existing one is replaced.
        content: bytes, or text that is written as UTF-8.

    Raises:
        DiskError: the disk is full or read-only, or the path cannot be written.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_and_rename(path, data)
        _sync_folder(path.parent)


def _write_and_rename(path: Path, data: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _mode_of_new_files())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _mode_of_new_files() -> int:
    # mkstemp makes files for the owner alone; a run's files are read by whoever may read the folder.
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    # The rename itself must survive a power cut; some network file systems refuse to sync a folder.
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def _created_s(ledger: Path) -> float:
    # The header's time survives copying and later writes; a file's own times do not.
    try:
        with ledger.open("rb") as file:
            header = json.loads(file.readline())
        return float(header["time"])
    except (OSError, ValueError, KeyError, TypeError):
        return float("-inf")
