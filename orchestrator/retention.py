"""What of a run's large files stays on the disk: the weights of its best trials, the checkpoints of those that run.

Weights of confirmations go at their end: they say how far a score is luck, and no ensemble takes them.
Everything else of a trial stays: raw detections, outcome and log are small, and every score rests on them. It never
removes weights that a recipe in the run's folder names, for the ensemble could not be made again.
"""

import heapq
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from results.layout import RunLayout
from results.trial_records import COMPLETE, RUNNING, TrialRecord

if TYPE_CHECKING:
    from orchestrator.study import Study


class Retention:
    """Follows a study; subscribe it.

    Args:
        layout: of the run.
        keep: best COMPLETE trials whose weights stay, confirmations left out; None for all, theirs too.
        on_removal: told the number of a trial whose weights were removed after it had ended.
        say: takes a notice for the user: a file that cannot be removed is no reason to end a search.
    """

    def __init__(
        self, layout: RunLayout, keep: int | None, on_removal: Callable[[int], None], say: Callable[[str], None]
    ) -> None:
        self._layout = layout
        self._keep = keep
        self._on_removal = on_removal
        self._say = say
        self._kept: list[tuple[float, int]] = []  # a heap: score and negative number, the worst first

    def __call__(self, study: "Study", event: Mapping[str, object]) -> None:
        """Tidies up after the trial that the event ends, if it ends one."""
        if event["event"] in ("finished", "reused"):
            self._tidy(study.records[int(str(event["number"]))])

    def catch_up(self, records: Iterable[TrialRecord]) -> None:
        """Tidies up after every trial that has ended: a killed session, or a worker that ended late, left some."""
        self._kept.clear()
        for record in records:
            if record.state != RUNNING:
                self._tidy(record)

    def _tidy(self, record: TrialRecord) -> None:
        trial = self._layout.trial(record.number)
        # The note first: it vouches for the checkpoint.
        for path in (trial.checkpoint_note, trial.checkpoint, *trial.epoch_files()):
            self._remove(path)
        if record.state != COMPLETE or record.score is None:
            self._remove(trial.weights)
        elif self._keep is not None:
            self._keep_best(record, record.score, self._keep)

    def _keep_best(self, record: TrialRecord, score: float, keep: int) -> None:
        if not record.is_candidate:
            self._let_go(record.number)
            return
        heapq.heappush(self._kept, (score, -record.number))
        if len(self._kept) > keep:
            self._let_go(-heapq.heappop(self._kept)[1])

    def _let_go(self, number: int) -> None:
        weights = self._layout.trial(number).weights
        if weights.exists() and number not in members_of_recipes(self._layout):
            self._remove(weights)
            self._on_removal(number)

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self._say(f"notice: {path} is not needed any more and could not be removed ({error.strerror})")


def members_of_recipes(layout: RunLayout) -> set[int]:
    """Trials of this run that a recipe in its folder names."""
    return {number for path in layout.recipes() for number in _members(path, layout.name)}


def _members(path: Path, run: str) -> list[int]:
    try:
        recipe = json.loads(path.read_bytes())["recipe"]
        return [int(number) for number in recipe["members"]] if recipe["run"] == run else []
    except (OSError, ValueError, KeyError, TypeError):
        return []  # no recipe of ours
