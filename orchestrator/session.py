"""One session of a search: from an open study on a cluster to the last screen and the exit code."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console

from orchestrator.cluster import Cluster
from orchestrator.expectation import expected_hash
from orchestrator.gauges import SearchGauges
from orchestrator.history import history_notice
from orchestrator.jobs import JobFactory
from orchestrator.live import watching
from orchestrator.options import Options
from orchestrator.progress import Progress, seconds_before
from orchestrator.resuming import resume_command
from orchestrator.run_files import files_in_order
from orchestrator.settings import Settings
from orchestrator.slots import Slots
from orchestrator.stopping import STOPPING
from orchestrator.storage import Storage
from orchestrator.study import Study
from orchestrator.tune import run_search
from results import signals
from results.commands import EXIT_DONE, EXIT_FAILED, as_typed
from results.layout import RunLayout
from results.leaderboard import show
from results.ledger import read_events
from results.screen import Screen
from results.trial_records import FAIL, TrialRecord
from trainables.data.dataset import Dataset

_NAMED = 4  # unfinished trials that the last screen names


@dataclass(frozen=True)
class Session:
    """What is run.

    Attributes:
        options: the command line.
        settings: checked.
        layout: the run's files.
        study: open for writing.
        storage: where its files are copied to, None for nowhere.
    """

    options: Options
    settings: Settings
    layout: RunLayout
    study: Study
    storage: Storage | None


def run_session(session: Session, cluster: Cluster, slots: Slots) -> int:
    """Runs a search until it ends or is interrupted, and shows what it found.

    Returns:
        The command's exit code.
    """
    console, settings, layout, study = Screen(), session.settings, session.layout, session.study
    _announce(console, session, cluster, slots)
    start = Progress(
        layout.name, study.records, settings.trials, settings.space.search.epochs, slots=slots.count,
        dashboard=cluster.dashboard, before_s=seconds_before(read_events(layout.ledger)),
    )  # fmt: skip
    study.subscribe(SearchGauges(layout.name, study))
    with files_in_order(study, layout, session.storage, console.print):
        try:
            with watching(study, start, console):
                run_search(study, _job_factory(session, slots), expected_hash(settings), slots, layout.root / "ray")
        except KeyboardInterrupt:
            STOPPING.notice()
        study.stop()  # before files are copied: that may take longer than a signal leaves time for
    show(console, layout, study.records.values(), settings.rule, settings.group_by)
    return _end(console, session)


def why_none(records: Iterable[TrialRecord], layout: RunLayout) -> str:
    """What to look at when no trial is complete."""
    if any(record.state == FAIL for record in records):
        return f"the log.txt of a failed trial under {layout.root}/trials says why"
    return f"the budget was used up before one ended; start a new search with more and warm_start: {layout.name}"


def kept_notice(kept: Sequence[TrialRecord], epochs: int, command: str) -> str:
    """What trials have trained that time stopped, and how to go on with them; one line.

    Args:
        kept: the trials; at least one.
        epochs: of a whole trial.
        command: that resumes the search.
    """
    reached = [f"{one.number} at epoch {one.rungs[-1][0] if one.rungs else 0} of {epochs}" for one in kept[:_NAMED]]
    more = f" and {len(kept) - _NAMED} more" if len(kept) > _NAMED else ""
    named = f"{'trial' if len(kept) == 1 else 'trials'} {', '.join(reached)}{more}"
    return f"unfinished, but saved: {named}; to train on, raise the budget: {command} --hours N"


def traceback_of(layout: RunLayout, record: TrialRecord) -> str:
    """What a failed trial left of its traceback, and what to do; a resumed search keeps its space as it was."""
    log = layout.trial(record.number).log
    said = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else str(record.reason)
    return (
        f"{said.rstrip()}\nthe whole of it is in {log}; mend code, data or environment, then go on with --resume;"
        f" if the space file is at fault, mend it and search under a new --name with warm_start: {layout.name}"
    )


def next_steps(run: str, dataset: Dataset | None) -> list[str]:
    """What to do with a run that has a best trial; what follows "next: " is a command that works as it stands."""
    if dataset is None:
        said = "no data set, so there is no submission to build"
        command = f"results.leaderboard --run {shlex.quote(run)}"
    elif dataset.test is None:
        said = f"no test images, so there is no submission to build (test: in {dataset.path.name})"
        command = f"results.report --run {shlex.quote(run)}"
    else:
        said, command = "", f"ensembles.build --top 5 --run {shlex.quote(run)}"
    return [*([said] if said else []), f"next: {as_typed(f'python -m {command}')}"]


def _job_factory(session: Session, slots: Slots) -> JobFactory:
    settings = session.settings
    return JobFactory(
        settings.space, session.layout, settings.dataset_path, settings.rule, settings.seed, slots.cpus, slots.gpus,
        slots.share_devices,
    )  # fmt: skip


def _announce(console: Console, session: Session, cluster: Cluster, slots: Slots) -> None:
    layout, settings = session.layout, session.settings
    console.print(
        f"run {layout.name}: {settings.trials} trials, {slots.count} at once, in {layout.root}/", soft_wrap=True
    )
    if cluster.dashboard:
        console.print(f"Ray dashboard: http://{cluster.dashboard}")
    if session.storage is not None:
        console.print(f"finished trials are copied to {session.storage.uri}", soft_wrap=True, highlight=False)
    if settings.space.search.gpu_hours is not None and not slots.gpus:
        console.print("notice: trials run on CPUs here, so that search.gpu_hours never ends the search")
    seen = history_notice(settings.space.search.sampler, settings.trials)
    if seen is not None:
        console.print(f"notice: {seen}", soft_wrap=True)


def _end(console: Console, session: Session) -> int:
    study, layout = session.study, session.layout
    if not study.is_over():
        console.print("interrupted, everything finished is saved; go on with:")
        console.print(resume_command(session.options, layout), soft_wrap=True, highlight=False)
        return signals.exit_code()
    console.print(f"the search has ended: {study.why_over()}", soft_wrap=True, highlight=False)
    alike = study.ending.failed_alike()
    if alike is not None:
        console.print(traceback_of(layout, alike), soft_wrap=True, highlight=False, markup=False)
        return EXIT_FAILED
    kept = study.kept()
    if kept:
        command = resume_command(session.options, layout)
        notice = kept_notice(kept, session.settings.space.search.epochs, command)
        console.print(notice, soft_wrap=True, highlight=False, markup=False)
    if study.best() is None and kept:
        return EXIT_FAILED
    if study.best() is None:
        console.print(f"no trial completed: {why_none(study.records.values(), layout)}")
        return EXIT_FAILED
    data = session.settings.data
    for line in next_steps(layout.name, data.dataset if data else None):
        console.print(line, soft_wrap=True, highlight=False)
    return EXIT_DONE
