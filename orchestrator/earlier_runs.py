"""Earlier runs whose scores may be compared with this search's: on the same images, annotations and rule.

Reads their ledgers and changes nothing. What is made of them is decided by `orchestrator.warm_start` and, for points
that are met again, by `orchestrator.new_points`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from results.errors import DamagedFileError
from results.json_lines import Event
from results.layout import RunLayout, existing_runs, run_layout
from results.ledger import read_events, read_header
from results.trial_manifest import damage
from results.trial_records import COMPLETE, TrialRecord, trials_of


@dataclass(frozen=True)
class EarlierTrial:
    """A trial that an earlier run trained itself.

    Attributes:
        run: the run's name.
        identity: what its point builds, see `orchestrator.identity`.
        record: what its ledger says of it.
    """

    run: str
    identity: str
    record: TrialRecord

    @property
    def number(self) -> int:
        """Its number in its run."""
        return self.record.number

    def damage(self) -> str | None:
        """Say which of its files is damaged, None where none is: then its result is not used without training."""
        fault = damage(run_layout(self.run).trial(self.number)) if self.record.state == COMPLETE else None
        return None if fault is None else f"trial {self.number} of run {self.run} is not reused: {fault}"


@dataclass(frozen=True)
class EarlierRun:
    """A run that is on record.

    Attributes:
        name: as `--run` takes it.
        header: the first event of its ledger.
        trials: those that it trained itself, in the order of asking, confirmations left out.
    """

    name: str
    header: Event
    trials: tuple[EarlierTrial, ...]


def runs_on(terms: str, own: str) -> tuple[list[EarlierRun], list[str]]:
    """Runs on the same terms, the oldest first, and a notice for each that cannot be read.

    Args:
        terms: see `orchestrator.identity.terms_of`.
        own: name of the run that asks; it is none of them.
    """
    found, notices = [], []
    for layout in existing_runs():
        if layout.name == own or _terms(layout) != terms:
            continue
        try:
            found.append(_read(layout))
        except DamagedFileError as error:
            notices.append(f"run {layout.name} is left out: {error}")
    return sorted(found, key=lambda run: (float(str(run.header["time"])), run.name)), notices


def reusable(runs: Iterable[EarlierRun]) -> dict[str, EarlierTrial]:
    """COMPLETE trials by what they built, the first of twins: only an end that every run would come to is reused."""
    found: dict[str, EarlierTrial] = {}
    for run in runs:
        for trial in run.trials:
            if trial.record.state == COMPLETE and trial.record.score is not None:
                found.setdefault(trial.identity, trial)
    return found


def _terms(layout: RunLayout) -> object:
    try:
        return read_header(layout.ledger).get("terms")
    except DamagedFileError:
        return None  # nobody knows on which data it was


def _read(layout: RunLayout) -> EarlierRun:
    events = read_events(layout.ledger)
    records = trials_of(events)
    return EarlierRun(layout.name, events[0], tuple(_trained_here(layout.name, events, records)))


def _trained_here(run: str, events: Iterable[Event], records: Mapping[int, TrialRecord]) -> Iterator[EarlierTrial]:
    for event in events:
        if event["event"] == "asked" and "identity" in event:
            number = int(str(event["number"]))
            yield EarlierTrial(run, str(event["identity"]), records[number])
