"""What stays of a search that ends before its time: the reason on record, and the command that goes on with it."""

import contextlib
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from orchestrator.options import Options
from orchestrator.stopping import INTERRUPTED, STOPPING
from results import signals
from results.commands import as_typed
from results.disk import disk_error
from results.errors import DetectionSearchError, DiskError, one_line
from results.layout import RunLayout, remove_empty
from results.ledger import Ledger, read_events


@contextlib.contextmanager
def whole_record(ledger: Ledger, options: Options, layout: RunLayout) -> Iterator[None]:
    """However this process ends while the block runs, why is on record, and the user reads how to go on."""
    how = how_to_go_on(options, layout)

    def last_words(reason: str) -> None:
        ledger.stop_and_keep(reason)
        print(f"{reason}; {how}", file=sys.stderr, flush=True)

    with STOPPING.last_words(last_words):
        try:
            yield
        except KeyboardInterrupt:
            STOPPING.notice()
            ledger.stop(INTERRUPTED)
            print(how, file=sys.stderr)
            raise
        except OSError as error:
            _raise_disk_error(error, ledger, how)
        except Exception as error:
            with contextlib.suppress(DetectionSearchError):  # a full disk may be why
                ledger.stop(INTERRUPTED if signals.received() else f"failed: {one_line(str(error))}")
            raise


def _raise_disk_error(error: OSError, ledger: Ledger, how: str) -> NoReturn:
    found = disk_error(error)
    with contextlib.suppress(DetectionSearchError):
        ledger.stop(INTERRUPTED if signals.received() else f"failed: {one_line(str(found or error))}")
    if found is None:
        raise error
    if has_trials(ledger.path):
        print(how, file=sys.stderr)
    # Another path is no remedy any more: the search has begun here.
    raise DiskError(str(found), found.errno or 0) from error


@contextlib.contextmanager
def nothing_left_behind(layout: RunLayout) -> Iterator[None]:
    """Remove what a search has written that a disk refused before its first trial was on record."""
    made = [folder for folder in (layout.root, *layout.root.parents) if not folder.exists()]
    try:
        yield
    except OSError:
        if layout.root in made and not has_trials(layout.ledger):
            shutil.rmtree(layout.root, ignore_errors=True)
            remove_empty(made[1:])
        raise


def has_trials(ledger: Path) -> bool:
    """Whether a run has anything to resume; a ledger that cannot be read may have."""
    try:
        return ledger.exists() and any(event["event"] in ("asked", "reused") for event in read_events(ledger))
    except DetectionSearchError:
        return ledger.exists() and ledger.stat().st_size > 0


def how_to_go_on(options: Options, layout: RunLayout) -> str:
    """One line for whoever reads that a search has ended before its time."""
    return f"everything finished is saved; resume with: {resume_command(options, layout)}"


def resume_command(options: Options, layout: RunLayout) -> str:
    """What finishes an interrupted run, on the same cluster."""
    given = {"--address": options.address, "--gpus-per-trial": options.gpus_per_trial}
    where = [f"{flag} {shlex.quote(str(value))}" for flag, value in given.items() if value is not None]
    command = f"python -m orchestrator.search --space {layout.space} --name {layout.name} --resume"
    return as_typed(" ".join([command, *where]))
