"""A trial's summary in two places: what the ledger has room for, and the whole of it in the trial's folder.

Decides only what fits. What a summary's keys mean is the business of who writes and who shows them.
"""

import json
from collections.abc import Mapping
from dataclasses import replace

from results import json_lines
from results.errors import DamagedFileError
from results.layout import RunLayout, TrialLayout
from results.trial_records import TrialRecord

# Of a trial's 4 KB: its parameters, its start and 24 reports take the rest.
SUMMARY_BYTES = 640
_DIGITS = 6


def ledger_part(summary: Mapping[str, object]) -> dict[str, object]:
    """The summary as the ledger keeps it: six significant digits, and without its longest parts where it is too long.

    Args:
        summary: JSON-able; a list of settings with an entry for each class can be of any length.

    Returns:
        At most `SUMMARY_BYTES` as a line of json.
    """
    kept = {key: _rounded(value) for key, value in summary.items()}
    while len(json_lines.as_line(kept)) > SUMMARY_BYTES:
        del kept[max(kept, key=lambda key: len(json_lines.as_line({key: kept[key]})))]
    return kept


def with_whole_summary(run: RunLayout, record: TrialRecord) -> TrialRecord:
    """The record with what its trial's `outcome.json` adds to the summary; as it is, where there is no such file.

    Raises:
        DamagedFileError: the file is not what a trial wrote.
    """
    return replace(record, summary={**_outcome_summary(run.trial(record.number)), **record.summary})


def _outcome_summary(trial: TrialLayout) -> Mapping[str, object]:
    if not trial.outcome.exists():
        return {}  # the ledger alone is the record; a trial's folder may have been tidied away
    try:
        return dict(json.loads(trial.outcome.read_bytes())["summary"])
    except (ValueError, KeyError, TypeError) as error:
        rule = f"a trial's outcome is a json object with a summary; {trial.outcome} is not ({error!r})"
        raise DamagedFileError(f"{rule}; restore it from a copy, or delete it") from error


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, Mapping):
        return {str(key): _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return value
