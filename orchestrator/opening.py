"""Opens a search: the first line of its ledger, its study, and what earlier runs bring to both.

Everything that can be wrong is found before anything is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.adopted_files import AdoptedFiles
from orchestrator.budget import Budget
from orchestrator.earlier_runs import EarlierTrial, reusable, runs_on
from orchestrator.identity import identity_of, terms_of
from orchestrator.repeats import Tried
from orchestrator.settings import Settings
from orchestrator.study import Study
from orchestrator.warm_start import WarmStart, left_to_record, warm_start
from results.layout import RunLayout
from results.ledger import Ledger, read_events
from search_spaces.written_form import searched_sha


@dataclass(frozen=True)
class EarlierWork:
    """What earlier runs on the same data and rule bring.

    Attributes:
        results: trials that need not be trained again, by what they built.
        start: what the search begins with.
        notices: which runs were used, a line for each.
    """

    results: Mapping[str, EarlierTrial] = field(default_factory=dict)
    start: WarmStart = field(default_factory=WarmStart)
    notices: tuple[str, ...] = ()


def earlier_work(settings: Settings, run: RunLayout) -> EarlierWork:
    """Looks through the other runs, where the space asks for it.

    Raises:
        InputError: the space names a run to start from, and there is none of that name on the same data and rule.
    """
    search = settings.space.search
    begins = search.warm_start is not None and not _has_begun(run)
    if not search.reuse and not begins:
        return EarlierWork()
    runs, notices = runs_on(terms_of(settings), run.name)
    start = warm_start(settings.space, runs) if begins else WarmStart()
    results = reusable(runs) if search.reuse else {}
    if search.reuse:
        notices.append(f"reuse: {len(results)} results of earlier runs on the same data and rule")
    return EarlierWork(results, start, (*notices, *start.notices))


def first_line(settings: Settings, run: RunLayout, gpus: float) -> dict[str, object]:
    """What a ledger says of its run before anything happens."""
    known_by = {"terms": terms_of(settings), "searched_sha": searched_sha(settings.space)}
    return {"name": run.name, "gpus": gpus, **known_by, **settings.record()}


def opened_study(settings: Settings, run: RunLayout, ledger: Ledger, earlier: EarlierWork) -> Study:
    """The study of a run, as its ledger tells it."""
    search, events = settings.space.search, read_events(run.ledger)
    budget = Budget(settings.trials, settings.hours, search.gpu_hours, search.patience)
    tried = Tried(settings.space, identity_of(settings), earlier.results)
    study = Study(settings.space, ledger, events, budget, settings.seed, tried)
    study.subscribe(AdoptedFiles(run, study.records.values()))
    return study


def begin(study: Study, run: RunLayout, earlier: EarlierWork) -> None:
    """Puts on record what the search begins with, as far as it is not there yet."""
    if earlier.start.finished or earlier.start.known:
        study.begin_from(left_to_record(earlier.start, read_events(run.ledger)))


def _has_begun(run: RunLayout) -> bool:
    return run.ledger.exists() and any(event["event"] == "asked" for event in read_events(run.ledger))
