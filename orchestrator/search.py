"""The command `python -m orchestrator.search`: checks everything, then runs a search to its end or its interruption.

Exit codes: 0 done, 2 the input is wrong, 130 interrupted with everything saved, 1 anything else.
"""

import json
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.options import Options, parse_options
from results.commands import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, run_command
from results.layout import RunLayout, fresh_run, write_atomically

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.settings import Settings
    from orchestrator.study import Study
    from results.ledger import Ledger


def main(arguments: Sequence[str]) -> int:
    """Runs the command."""
    options = parse_options(arguments)
    # Everything else is imported after the command line is read, so that --help answers at once.
    from orchestrator.settings import resolve, run_to_resume
    from results.ledger import Ledger

    if options.dry_run:
        from orchestrator.plan import dry_run

        return dry_run(resolve(options, None))
    resumed = run_to_resume(options)
    named = None if resumed or options.name is None else fresh_run(options.name)
    settings = resolve(options, resumed)
    for notice in settings.notices:
        print(notice)
    layout = resumed or named or fresh_run(default_name(settings))
    with Ledger.open(layout.ledger) if resumed else _begin(layout, settings) as ledger:
        if resumed:
            ledger.append({"event": "resumed", "trials": settings.trials})
        return _run(options, settings, layout, ledger)


def default_name(settings: "Settings") -> str:
    """Space and time of start: readable, sortable, and new."""
    return f"{settings.space.name}-{time.strftime('%Y%m%d-%H%M%S')}"


def _begin(layout: RunLayout, settings: "Settings") -> "Ledger":
    from results.ledger import Ledger
    from search_spaces.written_form import to_yaml

    layout.root.mkdir(parents=True, exist_ok=True)
    write_atomically(layout.space, to_yaml(settings.space))
    write_atomically(layout.settings, json.dumps(settings.record(), indent=1, ensure_ascii=False) + "\n")
    return Ledger.create(layout.ledger, {"name": layout.name, **settings.record()})


def _run(options: Options, settings: "Settings", layout: RunLayout, ledger: "Ledger") -> int:
    # Ray, Optuna and rich take seconds to import: only a search that has passed its checks pays for them.
    from rich.console import Console

    from orchestrator.cluster import connect, disconnect, slots_on
    from orchestrator.gauges import SearchGauges
    from orchestrator.jobs import JobFactory
    from orchestrator.live import watching
    from orchestrator.progress import Progress
    from orchestrator.study import Budget, Study
    from orchestrator.tune import run_search
    from results.ledger import read_events

    console = Console()
    deadline = None if settings.hours is None else time.monotonic() + settings.hours * 3600
    budget = Budget(settings.trials, deadline)
    study = Study(settings.space, ledger, read_events(layout.ledger), budget, settings.seed)
    if study.is_over():
        console.print(f"{layout.name} is finished: nothing to resume")
        return _end(study, layout, console)
    cluster = connect(options.address)
    try:
        slots = slots_on(cluster, options.gpus_per_trial)
        start = Progress(
            layout.name, study.records, settings.trials, settings.space.search.epochs, slots=slots.count,
            dashboard=cluster.dashboard,
        )  # fmt: skip
        console.print(f"run {layout.name}: {settings.trials} trials, {slots.count} at once, files in {layout.root}/")
        if cluster.dashboard:
            console.print(f"Ray dashboard: http://{cluster.dashboard}")
        make_job = JobFactory(settings.space, layout, settings.dataset.path, settings.rule, settings.seed)
        study.subscribe(SearchGauges(layout.name))
        with watching(study, start, console):
            run_search(study, make_job, slots, layout.root / "ray")
    finally:
        disconnect()
    return _end(study, layout, console)


def _end(study: "Study", layout: RunLayout, console: "Console") -> int:
    from results.leaderboard import render

    console.print(render(study.records.values(), console.width, layout.name))
    if not study.is_over():
        console.print(f"interrupted, everything finished is saved; go on with: {resume_command(layout)}")
        return EXIT_INTERRUPTED
    if study.best() is None:
        console.print(f"no trial completed; each trial's log.txt under {layout.root}/trials says why")
        return EXIT_FAILED
    console.print(f"next: python -m ensembles.build --top 5 --run {layout.name}")
    return EXIT_DONE


def resume_command(layout: RunLayout) -> str:
    """What finishes an interrupted run."""
    return f"python -m orchestrator.search --space {layout.space} --name {layout.name} --resume"


if __name__ == "__main__":
    sys.exit(run_command(main))
