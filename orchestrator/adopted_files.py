"""Puts the files of a reused trial into this run's folder, so that a report or an ensemble finds them there.

Linked where the file system can, copied where it cannot: they stay when the earlier run is deleted. Only trials that
ended COMPLETE have files worth that. Files that cannot be brought are said: the trial's score is known without them.
"""

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from results.layout import RunLayout, TrialLayout, run_layout
from results.trial_manifest import damage
from results.trial_records import COMPLETE, TrialRecord


class AdoptedFiles:
    """Follows a study; subscribe it.

    Args:
        layout: of this run.
        records: as they stand; files that a killed session did not get to are brought now.
    """

    def __init__(self, layout: RunLayout, records: Iterable[TrialRecord]) -> None:
        self._layout = layout
        for record in records:
            if record.origin is not None and record.state == COMPLETE:
                run, _, number = record.origin.rpartition("/")
                adopt(run_layout(run).trial(int(number)), layout.trial(record.number))

    def __call__(self, _study: object, event: Mapping[str, object]) -> None:
        """Brings the files of the trial that the event tells of, if it tells of one."""
        if event["event"] == "reused" and event["state"] == COMPLETE:
            source = run_layout(str(event["run"])).trial(int(str(event["trial"])))
            adopt(source, self._layout.trial(int(str(event["number"]))))


def adopt(source: TrialLayout, target: TrialLayout) -> None:
    """Brings a trial's files, the manifest last; a folder that has its manifest is left as it is.

    An earlier trial without files brings none: its score is known all the same.
    """
    if target.manifest.exists() or not source.manifest.exists():
        return
    fault = damage(source)
    if fault is not None:
        print(f"notice: the files of {source.folder} are not brought to {target.folder}: {fault}")
        return
    target.folder.mkdir(parents=True, exist_ok=True)
    try:
        files = [path for path in source.folder.iterdir() if path.is_file() and path != source.manifest]
        for path in (*files, source.manifest):
            _bring(path, target.folder / path.name)
    except OSError as error:
        print(f"notice: the files of {source.folder} could not be brought to {target.folder} ({error.strerror})")


def _bring(path: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    try:
        os.link(path, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(path, target)
