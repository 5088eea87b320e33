"""What stays of a search that ends before its time: the reason on record, and the command that goes on with it."""

import contextlib
import shlex
import sys
from collections.abc import Iterator

from orchestrator.options import Options
from orchestrator.stopping import INTERRUPTED, STOPPING
from results.commands import as_typed
from results.errors import DetectionSearchError, one_line
from results.layout import RunLayout
from results.ledger import Ledger


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
        except Exception as error:
            with contextlib.suppress(DetectionSearchError):  # a full disk may be why
                ledger.stop(f"failed: {one_line(str(error))}")
            raise


def how_to_go_on(options: Options, layout: RunLayout) -> str:
    """One line for whoever reads that a search has ended before its time."""
    return f"everything finished is saved; resume with: {resume_command(options, layout)}"


def resume_command(options: Options, layout: RunLayout) -> str:
    """What finishes an interrupted run, on the same cluster."""
    given = {"--address": options.address, "--gpus-per-trial": options.gpus_per_trial}
    where = [f"{flag} {shlex.quote(str(value))}" for flag, value in given.items() if value is not None]
    command = f"python -m orchestrator.search --space {layout.space} --name {layout.name} --resume"
    return as_typed(" ".join([command, *where]))
