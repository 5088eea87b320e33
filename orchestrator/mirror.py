"""Copies a run's ledger and its finished trials to a storage, beside the search and never in its way.

One thread of its own copies in the order of what happened. A storage that fails is said aloud and tried again at the
next trial and at the end; the run's own folder has everything in any case.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from orchestrator.storage import Storage
from results.layout import RunLayout, TrialLayout
from results.trial_manifest import damage
from results.trial_records import RUNNING, TrialRecord

_LEDGER_EVERY_S = 30.0  # it grows with every trial, and is copied as a whole

Say = Callable[[str], None]


class Mirror:
    """Follows a study; subscribe it, and close it at the end.

    Args:
        storage: of this run.
        layout: of this run.
        say: takes a notice for the user; called from a thread.
    """

    def __init__(self, storage: Storage, layout: RunLayout, say: Say) -> None:
        self._storage = storage
        self._layout = layout
        self._say = say
        self._copier = ThreadPoolExecutor(max_workers=1, thread_name_prefix="storage")
        # The copier's alone:
        self._owed: set[int] = set()
        self._is_lost = False
        self._ledger_s = float("-inf")

    def __call__(self, _study: object, event: Mapping[str, object]) -> None:
        """Has the trial copied that the event ends, if it ends one."""
        if event["event"] in ("finished", "reused"):
            self.bring([int(str(event["number"]))])

    def catch_up(self, records: Mapping[int, TrialRecord]) -> None:
        """Has everything copied that an earlier session has ended; what is there already is left alone."""
        self.bring(number for number, record in records.items() if record.state != RUNNING)

    def bring(self, numbers: Iterable[int]) -> None:
        """Has the copies of these trials made equal to their folders when there is time."""
        self._copier.submit(self._copy, frozenset(numbers), 0.0)

    def close(self) -> None:
        """Waits until everything is copied, and says what could not be."""
        self._copier.submit(self._copy, frozenset(), float("inf"))
        self._copier.shutdown(wait=True)
        if self._is_lost:
            trials = ", ".join(map(str, sorted(self._owed))) or "none"
            self._say(
                f"notice: {self._storage.uri} lacks the end of the ledger, and these trials: {trials}."
                f" All of it is in {self._layout.root}/; --resume copies it"
            )

    def _copy(self, numbers: frozenset[int], wait_s: float) -> None:
        self._owed |= numbers
        try:
            for number in sorted(self._owed):
                self._copy_trial(number)
                self._owed.discard(number)
            self._copy_ledger(wait_s)
            self._is_lost = False
        except Exception as error:  # whatever a storage raises, the search goes on
            if not self._is_lost:
                self._say(f"notice: {self._storage.uri} takes no files ({error}); the search goes on without it")
            self._is_lost = True

    def _copy_ledger(self, at_last_s: float) -> None:
        if time.monotonic() + at_last_s >= self._ledger_s + _LEDGER_EVERY_S:
            for path in (self._layout.space, self._layout.settings, self._layout.ledger):
                _put(self._storage, path, path.name)
            self._ledger_s = time.monotonic()

    def _copy_trial(self, number: int) -> None:
        """Makes the copy of a trial's folder equal to the folder, its manifest last."""
        trial = self._layout.trial(number)
        place = self._storage.below(trial.folder.relative_to(self._layout.root).as_posix())
        there, local = place.sizes(), files_below(trial.folder)
        if {name: path.stat().st_size for name, path in local.items()} == there:
            return
        fault = self._damage(trial, there)
        if fault is not None:
            self._say(f"notice: trial {number} is not copied to {self._storage.uri}: {fault}")
            return
        for name in sorted(local, key=lambda name: name == trial.manifest.name):
            if there.get(name) != local[name].stat().st_size:
                _put(place, local[name], name)
        for name in there.keys() - local.keys():
            place.remove(name)

    def _damage(self, trial: TrialLayout, there: Mapping[str, int]) -> str | None:
        """Why a folder must not replace its copy; None for one that is whole, or not finished and never copied so."""
        if trial.manifest.name in there and not trial.manifest.is_file():
            return f"{trial.manifest} is missing"
        return damage(trial) if trial.manifest.is_file() else None


def _put(storage: Storage, path: Path, name: str) -> None:
    with path.open("rb") as content:
        storage.put(content, name)


def files_below(folder: Path) -> dict[str, Path]:
    """Every file of a folder and its folders, by its path below it."""
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
