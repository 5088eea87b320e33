"""The command `python -m orchestrator.search`: checks everything, then runs a search to its end or its interruption.

Exit codes: 0 done, 2 the input is wrong, 130 interrupted with everything saved, 1 anything else.
"""

import json
import shlex
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestrator.options import Options, parse_options
from results.commands import EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, as_typed, run_command
from results.layout import RunLayout, fresh_run, write_atomically

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.cluster import Cluster, Slots
    from orchestrator.opening import EarlierWork
    from orchestrator.settings import Settings
    from orchestrator.study import Study
    from results.ledger import Ledger, TrialRecord


def main(arguments: Sequence[str]) -> int:
    """Runs the command."""
    options = parse_options(arguments)
    # Everything else is imported after the command line is read, so that --help answers at once.
    from orchestrator.settings import resolve, run_to_resume

    if options.dry_run:
        from orchestrator.plan import dry_run

        return dry_run(resolve(options, None))
    resumed = run_to_resume(options)
    named = None if resumed or options.name is None else fresh_run(options.name)
    settings = resolve(options, resumed)
    for notice in settings.notices:
        print(notice)
    if resumed:
        return _resume(options, settings, resumed)
    return _start(options, settings, named or fresh_run(default_name(settings)))


def default_name(settings: "Settings") -> str:
    """Space and time of start: readable, sortable, and new."""
    return f"{settings.space.name}-{time.strftime('%Y%m%d-%H%M%S')}"


def resume_command(options: Options, layout: RunLayout) -> str:
    """What finishes an interrupted run, on the same cluster."""
    given = {"--address": options.address, "--gpus-per-trial": options.gpus_per_trial}
    where = [f"{flag} {shlex.quote(str(value))}" for flag, value in given.items() if value is not None]
    command = f"python -m orchestrator.search --space {layout.space} --name {layout.name} --resume"
    return as_typed(" ".join([command, *where]))


def why_none(records: "Iterable[TrialRecord]", layout: RunLayout) -> str:
    """What to look at when no trial is complete."""
    if any(record.state == "FAIL" for record in records):
        return f"the log.txt of a failed trial under {layout.root}/trials says why"
    return "the time was used up before one ended; give it more --hours"


def traceback_of(layout: RunLayout, record: "TrialRecord") -> str:
    """What a failed trial left of its traceback, and what to do once it is mended."""
    log = layout.trial(record.number).log
    said = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else str(record.reason)
    return f"{said.rstrip()}\nmend that, then go on with --resume; the whole of it is in {log}"


def _start(options: Options, settings: "Settings", layout: RunLayout) -> int:
    from orchestrator.opening import begin, opened_study

    earlier = _earlier_work(settings, layout)
    # The cluster comes first: a wrong --address or --gpus-per-trial leaves no run behind.
    with _joined(options) as place, _begin(layout, settings, place[1]) as ledger:
        study = opened_study(settings, layout, ledger, earlier)
        begin(study, layout, earlier)
        return _run(options, settings, layout, study, place)


def _resume(options: Options, settings: "Settings", layout: RunLayout) -> int:
    from orchestrator.opening import begin, opened_study
    from results.ledger import Ledger

    earlier = _earlier_work(settings, layout)
    # The ledger comes first: a second writer is refused at once, and a finished run needs no cluster.
    with Ledger.open(layout.ledger) as ledger:
        study = opened_study(settings, layout, ledger, earlier)
        over = study.why_over()
        if over is not None:
            print(f"{layout.name} has ended, {over}: nothing to resume; --trials and --hours raise its budget")
            return EXIT_DONE
        with _joined(options) as place:
            _write_settings(layout, settings)
            study.resume({"trials": settings.trials, "gpus": place[1].gpus})
            begin(study, layout, earlier)
            return _run(options, settings, layout, study, place)


def _earlier_work(settings: "Settings", layout: RunLayout) -> "EarlierWork":
    from orchestrator.opening import earlier_work

    found = earlier_work(settings, layout)
    for notice in found.notices:
        print(notice)
    return found


def _begin(layout: RunLayout, settings: "Settings", slots: "Slots") -> "Ledger":
    from orchestrator.opening import first_line
    from results.ledger import Ledger
    from search_spaces.written_form import to_yaml

    # The ledger comes first: of two searches under one name, the one that is refused has touched nothing.
    ledger = Ledger.create(layout.ledger, first_line(settings, layout, slots.gpus))
    write_atomically(layout.space, to_yaml(settings.space))
    _write_settings(layout, settings)
    return ledger


def _write_settings(layout: RunLayout, settings: "Settings") -> None:
    write_atomically(layout.settings, json.dumps(settings.record(), indent=1, ensure_ascii=False) + "\n")


@contextmanager
def _joined(options: Options) -> Iterator[tuple["Cluster", "Slots"]]:
    # Ray takes seconds to import and to start: only a search that has passed its checks pays for that.
    from orchestrator.cluster import connect, disconnect, slots_on

    try:
        cluster = connect(options.address)
        yield cluster, slots_on(cluster, options.gpus_per_trial)
    finally:
        disconnect()


def _run(
    options: Options, settings: "Settings", layout: RunLayout, study: "Study", place: tuple["Cluster", "Slots"]
) -> int:
    from rich.console import Console

    from orchestrator.expectation import expected_hash
    from orchestrator.gauges import SearchGauges
    from orchestrator.jobs import JobFactory
    from orchestrator.live import watching
    from orchestrator.progress import Progress
    from orchestrator.tune import run_search

    console, (cluster, slots) = Console(), place
    start = Progress(
        layout.name, study.records, settings.trials, settings.space.search.epochs, slots=slots.count,
        dashboard=cluster.dashboard,
    )  # fmt: skip
    _announce(console, layout, settings, place)
    make_job = JobFactory(
        settings.space, layout, settings.dataset_path, settings.rule, settings.seed, slots.cpus, slots.gpus,
        slots.share_devices,
    )  # fmt: skip
    study.subscribe(SearchGauges(layout.name, study))
    try:
        with watching(study, start, console):
            run_search(study, make_job, expected_hash(settings), slots, layout.root / "ray")
    except KeyboardInterrupt:  # before Tune listens, or a second Ctrl-C: the ledger is complete all the same
        pass
    study.stop()
    _show(study, settings, layout, console)
    return _end(study, options, layout, console)


def _announce(console: "Console", layout: RunLayout, settings: "Settings", place: tuple["Cluster", "Slots"]) -> None:
    from orchestrator.history import history_notice

    cluster, slots = place
    console.print(
        f"run {layout.name}: {settings.trials} trials, {slots.count} at once, in {layout.root}/", soft_wrap=True
    )
    if cluster.dashboard:
        console.print(f"Ray dashboard: http://{cluster.dashboard}")
    if settings.space.search.gpu_hours is not None and not slots.gpus:
        console.print("notice: trials run on CPUs here, so that search.gpu_hours never ends the search")
    seen = history_notice(settings.space.search.sampler, settings.trials)
    if seen is not None:
        console.print(f"notice: {seen}", soft_wrap=True)


def _show(study: "Study", settings: "Settings", layout: RunLayout, console: "Console") -> None:
    from results.leaderboard import show

    show(console, layout, study.records.values(), settings.rule, settings.group_by)


def _end(study: "Study", options: Options, layout: RunLayout, console: "Console") -> int:
    if not study.is_over():
        console.print("interrupted, everything finished is saved; go on with:")
        console.print(resume_command(options, layout), soft_wrap=True, highlight=False)
        return EXIT_INTERRUPTED
    console.print(f"the search has ended: {study.why_over()}", soft_wrap=True, highlight=False)
    alike = study.failed_alike()
    if alike is not None:
        console.print(traceback_of(layout, alike), soft_wrap=True, highlight=False, markup=False)
        return EXIT_FAILED
    if study.best() is None:
        console.print(f"no trial completed: {why_none(study.records.values(), layout)}")
        return EXIT_FAILED
    build = f"python -m ensembles.build --top 5 --run {layout.name}"
    console.print(f"next: {as_typed(build)}", soft_wrap=True, highlight=False)
    return EXIT_DONE


if __name__ == "__main__":
    sys.exit(run_command(main))
