"""The command `python -m orchestrator.monitor`: follows the newest run from another terminal until Ctrl-C."""

import sys
import time
from collections.abc import Sequence

from orchestrator.status import read_progress, run_argument
from results.commands import EXIT_DONE, run_command
from results.layout import chosen_run

_REFRESH_S = 1.0


def main(arguments: Sequence[str]) -> int:
    """Runs the command."""
    from rich.live import Live

    from orchestrator.progress import remaining_s, render
    from results.screen import Screen

    layout = chosen_run(run_argument("orchestrator.monitor", arguments))
    progress = read_progress(layout)
    with Live(render(progress), console=Screen(), auto_refresh=False) as live:
        while remaining_s(progress) != 0.0:
            time.sleep(_REFRESH_S)
            progress = read_progress(layout)
            live.update(render(progress), refresh=True)
    return EXIT_DONE


if __name__ == "__main__":
    sys.exit(run_command(main))
