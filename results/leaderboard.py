"""`python -m results.leaderboard`: the trials of a run, best first, in the columns of the competition's log.

Reads the ledger and computes nothing but ties with the best trial: a number that no trial recorded is shown as a dash.
`--record` adds what the contest's server said of a submission. The search's own last screen is made here, too.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from results.commands import CommandParser, run_command
from results.layout import RunLayout, chosen_run
from results.leaderboard_notes import notes, overlap_note
from results.leaderboard_table import render
from results.ledger import group_by_of, read_events, read_header, was_killed
from results.online import OnlineScore, read_online, record_online
from results.pareto import pareto_set
from results.ranking import best_first, scored
from results.screen import Screen
from results.seeds import SeedSpread, seed_spreads
from results.solution_notes import solution_notes
from results.ties import MOST_COMPARED, ties
from results.trial_manifest import Checked, checked, score_files
from results.trial_records import COMPLETE, TrialRecord, trials_of
from results.trial_summary import with_whole_summary

if TYPE_CHECKING:
    from results.uncertainty import Comparison


def main(arguments: Sequence[str]) -> int:
    """Shows the leaderboard of a run, after recording an online score if asked to.

    Args:
        arguments: the command line after the program's name.

    Returns:
        0.

    Raises:
        InputError: no such run, or `--record` with a missing file or something that is no score.
        DamagedFileError: the ledger cannot be trusted.
    """
    parser = CommandParser(prog="python -m results.leaderboard", description="The trials of a run, best first.")
    parser.add_argument("--run", metavar="NAME", help="the newest run if left out")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument(
        "--record", nargs=2, metavar=("SUBMISSION.json", "SCORE"), help="keep what the contest's server said of a file"
    )
    chosen = parser.parse_args(arguments)
    run = chosen_run(chosen.run)
    events = read_events(run.ledger)
    records = trials_of(events).values()
    if chosen.record:
        record_online(run.online, Path(chosen.record[0]), chosen.record[1])
    rule, group_by = str(events[0].get("rule")), group_by_of(events[0])
    if chosen.json:
        print(_json_of(run, records, rule, group_by))
        return 0
    show(Screen(), run, records, rule, group_by)
    if was_killed(run.ledger, events):
        print("The search was killed; what is RUNNING is unfinished; go on with --resume.")
    return 0


def _json_of(run: RunLayout, records: Iterable[TrialRecord], rule: str, group_by: str | None) -> str:
    ranked = best_first(records)
    ended = [record for record in ranked if record.state == COMPLETE]
    outcomes = checked(run, ended, lambda trial: (trial.outcome,), len(ended))
    compared = checked(run, scored(ranked), score_files, MOST_COMPARED)
    damaged = {**outcomes.damaged, **compared.damaged}
    whole = [record if record.number in outcomes.damaged else with_whole_summary(run, record) for record in ranked]
    marked = [
        replace(one, summary={**one.summary, "damaged": damaged[one.number]}) if one.number in damaged else one
        for one in whole
    ]
    return as_json(marked, read_online(run.online), _ties(run, compared.sound, rule, group_by))


def show(
    console: Console, run: RunLayout, records: Iterable[TrialRecord], rule: str, group_by: str | None = None
) -> None:
    """Prints the leaderboard of a run with its notes: this command's screen and the search's last one.

    Args:
        console: where to.
        run: where the trials' files are.
        records: in any order.
        rule: that decides ties, by name or path.
        group_by: of the data set, see `results.groups`.
    """
    ordered = best_first(records)
    console.print(render(ordered, console.width, title=run.name, online=read_online(run.online)))
    finished = scored(ordered)
    if finished:
        found = checked(run, finished, score_files, MOST_COMPARED)
        below = [*_notes(run, finished, found, _ties(run, found.sound, rule, group_by)), *found.lines()]
        below += overlap_note(read_header(run.ledger))
        console.print("\n".join(below), style="dim", highlight=False, markup=False)


def _notes(run: RunLayout, finished: Sequence[TrialRecord], found: Checked, tied: "dict[int, Comparison]") -> list[str]:
    # A damaged trial's score is on record and stands in the table; nothing else of it is read.
    if not found.sound:
        return notes(finished, finished[0], {})
    best = with_whole_summary(run, found.sound[0])
    return [*notes(finished, best, tied), *solution_notes(run.trial(best.number), best.number)]


def _ties(run: RunLayout, finished: Sequence[TrialRecord], rule: str, group_by: str | None) -> "dict[int, Comparison]":
    return ties(run, finished, rule, group_by) if len(finished) > 1 else {}


def as_json(
    records: Iterable[TrialRecord],
    online: Iterable[OnlineScore] = (),
    tied: "Mapping[int, Comparison] | None" = None,
) -> str:
    """One line: {"trials": [...], "online": [...]}, trials as `best_first` orders them.

    Args:
        records: in any order.
        online: as `read_online` gives them.
        tied: the best trial against others, by number; a trial in it gets "tied_with_best" and "best_minus_this".
    """
    ordered = best_first(records)
    chosen, spreads = pareto_set(ordered), seed_spreads(ordered)
    trials = [
        _trial_object(record) | _tie(record, tied or {}) | _compared(record, chosen, spreads) for record in ordered
    ]
    return json.dumps({"trials": trials, "online": [asdict(entry) for entry in online]}, allow_nan=False)


def _trial_object(record: TrialRecord) -> dict[str, object]:
    own: dict[str, object] = {
        "trial": record.number,
        "state": record.state,
        "score": record.score,
        "interval": record.summary.get("interval"),
        "params": dict(record.params),
        "source": record.source,
        "kind": record.kind,
        "reason": record.reason,
        "rungs": record.rungs,
        "confirms": record.confirms,
        "origin": record.origin,
    }
    return {**own, **record.summary, **own}


def _compared(record: TrialRecord, chosen: frozenset[int], spreads: Mapping[int, SeedSpread]) -> dict[str, object]:
    spread = spreads.get(record.number)
    return {"pareto": record.number in chosen} | ({} if spread is None else {"seeds": spread.to_dict()})


def _tie(record: TrialRecord, tied: "Mapping[int, Comparison]") -> dict[str, object]:
    found = tied.get(record.number)
    if found is None:
        return {}
    behind = {"difference": found.difference, "interval": list(found.interval), "probability": found.probability}
    return {"tied_with_best": found.tied, "best_minus_this": behind if found.known else None}


if __name__ == "__main__":
    sys.exit(run_command(main))
