"""The command `python -m orchestrator.status`: how a run stands, read from its ledger, whoever runs it."""

import sys
import time
from collections.abc import Sequence

from orchestrator.progress import Progress, seconds_before
from results.commands import EXIT_DONE, CommandParser, run_command
from results.layout import RunLayout, chosen_run
from results.ledger import read_events, was_killed
from results.trial_records import trials_of


def main(arguments: Sequence[str]) -> int:
    """Runs the command."""
    from orchestrator.progress import render
    from results.screen import Screen

    Screen().print(render(read_progress(chosen_run(run_argument("orchestrator.status", arguments)))))
    return EXIT_DONE


def run_argument(program: str, arguments: Sequence[str]) -> str | None:
    """The value of `--run`, the only flag of the commands that look at a run."""
    parser = CommandParser(prog=f"python -m {program}")
    parser.add_argument("--run", help="name of the run; the newest when left out")
    run: str | None = parser.parse_args(arguments).run
    return run


def read_progress(layout: RunLayout) -> Progress:
    """A run's progress from its ledger; the clock runs from the start of its latest session to that session's end.

    Of a killed session the end is the last thing that it put on record.
    """
    events = read_events(layout.ledger)
    header = events[0]
    resumes = [event for event in events if event["event"] == "resumed"]
    session = resumes[-1] if resumes else header
    began = float(str(session["time"]))
    ended_here = sum(1 for one in events if one["event"] == "finished" and float(str(one["time"])) >= began)
    stops = [float(str(one["time"])) for one in events if one["event"] == "stopped"]
    ended = next((stop for stop in stops if stop >= began), None)
    killed = was_killed(layout.ledger, events)
    if killed:
        ended = float(str(events[-1]["time"]))
    trials = session.get("trials", header.get("trials", 0))
    return Progress(
        name=layout.name,
        records=trials_of(events),
        trials=int(str(trials)),
        epochs=int(str(header.get("epochs", 0))),
        before_s=seconds_before(events),
        elapsed_s=max(time.time() if ended is None else ended, began) - began,
        ended_here=ended_here,
        left_s=None if ended is None else 0.0,
        killed=killed,
    )


if __name__ == "__main__":
    sys.exit(run_command(main))
