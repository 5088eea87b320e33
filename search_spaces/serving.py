"""Whether a sampler and a pruner can serve a space, and what a user should know of those that can only in part.

Pure: neither is built here (`orchestrator.optuna_parts` does), and whether a package is installed is not asked.
"""

from collections.abc import Sequence

from results.faults import Faults
from results.yaml_nodes import MapNode, Node
from search_spaces.domains import Choice
from search_spaces.points import distinct_points
from search_spaces.space import Dimension, Hyperband, MedianPruning, NoPruning, SearchSettings, Space, SuccessiveHalving

Fault = tuple[str, str]  # rule and remedy
_MOST_NAMED = 5
_ENOUGH_RANGES = 2  # for a covariance


def check_search(search: SearchSettings, node: Node | None, dimensions: Sequence[Dimension], faults: Faults) -> None:
    """Notes a sampler that cannot draw from these keys, and a pruner that cannot be built."""
    named = {entry.key: entry for entry in node.entries} if isinstance(node, MapNode) else {}
    checks = {"sampler": sampler_fault(search.sampler, dimensions), "pruner": pruner_fault(search)}
    for key, fault in checks.items():
        if fault is not None and key in named:
            faults.add(named[key].line, fault[0], named[key].shown(), fault[1])


def sampler_fault(sampler: str, dimensions: Sequence[Dimension]) -> Fault | None:
    """Why a sampler cannot draw from these keys."""
    searched = [dimension for dimension in dimensions if dimension.domain.size() != 1]
    if sampler == "grid":
        endless = [dimension.label for dimension in searched if dimension.domain.size() is None]
        rule = f"a grid has separate values; {_listed(endless)} has a continuum of them"
        return (rule, "give it a step or a choice, or take tpe") if endless else None
    if sampler != "cmaes":
        return None
    apart = [one.label for one in searched if isinstance(one.domain, Choice) or one.when]
    if apart:
        rule = f"cmaes searches ranges that are always active; {_listed(apart)} is a choice or has conditions"
        return rule, "fix it or make it a range, or take tpe"
    if len(searched) < _ENOUGH_RANGES:
        return "cmaes searches at least two ranges together", "add a range, or take tpe"
    return None


def pruner_fault(search: SearchSettings) -> Fault | None:
    """Why a pruner cannot be built for so many epochs."""
    if not isinstance(search.pruner, Hyperband) or search.pruner.min_epochs <= search.epochs:
        return None
    return f"hyperband's brackets lie between min_epochs and epochs ({search.epochs})", "lower min_epochs"


def first_judgement(search: SearchSettings) -> int | None:
    """The first epoch at which a trial can be stopped; None where none ever is."""
    match search.pruner:
        case SuccessiveHalving(_, min_epochs) | Hyperband(_, min_epochs):
            earliest = min_epochs
        case MedianPruning(_, warmup_epochs):
            earliest = warmup_epochs + 1
        case NoPruning():
            return None
    return -(-earliest // search.report_every) * search.report_every


def search_notices(space: Space, trials: int) -> tuple[str, ...]:
    """What a search of so many trials does with this space that a user may not expect, one sentence each."""
    fixed = all(dimension.domain.size() == 1 for dimension in space.train)
    nothing = "nothing is searched: every key has one value, so that one trial is all there is" if fixed else ""
    notices = (
        nothing,
        *_known_notices(space, trials),
        *_sampler_notices(space, trials),
        *_pruner_notices(space.search),
    )
    return tuple(notice for notice in notices if notice)


def _known_notices(space: Space, trials: int) -> tuple[str, ...]:
    points = len(space.known)
    twins = sum(point in space.known[:place] for place, point in enumerate(space.known))
    again = f"known: {twins} of {points} points repeat another one; each is tried once" if twins else ""
    late = f"known: {points - twins} points and {trials} trials: the last {points - twins - trials} are not tried"
    return again, late if points - twins > trials else ""


def _sampler_notices(space: Space, trials: int) -> tuple[str, ...]:
    search = space.search
    stops = first_judgement(search) is not None
    blind = f"sampler {search.sampler}: it learns nothing from trials that the pruner stops (tpe does)" if stops else ""
    if search.sampler == "cmaes":
        return (blind,)
    if search.sampler == "gp":
        apart = [dimension.label for dimension in space.train if dimension.when and dimension.domain.size() != 1]
        drawn = f"sampler gp: it draws keys with conditions at random: {_listed(apart)}" if apart else ""
        return "sampler gp: it imports torch into the command's own process", blind, drawn
    points = distinct_points(space) if search.sampler == "grid" else None
    if points is not None and points > trials:
        return (f"sampler grid: of {points} points the first {trials} are tried, in the file's order",)
    return ()


def _pruner_notices(search: SearchSettings) -> tuple[str, ...]:
    pruner, first = search.pruner, first_judgement(search)
    if first is None:
        return ()
    if first >= search.epochs:
        return (f"pruner: no trial is stopped before its last epoch; of {search.epochs} the first judged is {first}",)
    if not isinstance(pruner, SuccessiveHalving | Hyperband):
        return ()
    late = f"pruner: its rung at epoch {pruner.min_epochs} is judged at epoch {first}, where trials first report"
    narrow = "pruner hyperband: so few epochs make one bracket, which is successive halving"
    single = isinstance(pruner, Hyperband) and search.epochs < pruner.min_epochs * pruner.reduction_factor
    return late if first > pruner.min_epochs else "", narrow if single else ""


def _listed(labels: Sequence[str]) -> str:
    more = len(labels) - _MOST_NAMED
    return ", ".join(labels[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
