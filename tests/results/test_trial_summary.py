import json
from pathlib import Path

import pytest

from results.coco_table import COCO_KEYS
from results.errors import DamagedFileError
from results.json_lines import as_line
from results.layout import RunLayout, write_atomically
from results.ledger import TRIAL_BYTES
from results.trial_records import TrialRecord
from results.trial_summary import SUMMARY_BYTES, ledger_part, with_whole_summary
from search_spaces.loading import load_space
from search_spaces.space import MOST_REPORTS
from trainables.catalogue import DETECTORS

LONG = 0.12345678901234568  # as long as a score can get


def _summary(classes: int) -> dict[str, object]:
    return {
        "model": "cascade_rcnn",
        "backbone": "resnext101_32x4d",
        "schedule": "24e 4,10,18",
        "param_m": 123.456,
        "fps": 123.45,
        "coco": dict.fromkeys(COCO_KEYS, LONG),
        "interval": [LONG, LONG],
        "train_s": 123456.78,
        "view": {"scale": "2048x1200", "flip": False},
        "nms": "soft_gaussian sigma 0.5",
        "settings": {str(one): "soft_gaussian sigma 0.5" for one in range(classes)},
    }


@pytest.mark.parametrize("classes", [1, 10, 80, 1000])
def test_a_trial_of_the_full_cascade_space_takes_at_most_four_kilobytes(classes: int) -> None:
    point = max(
        (dict(known) for known in load_space("cascade", DETECTORS, "full").known), key=lambda one: len(str(one))
    )
    rung = {"event": "rung", "number": 1234, "epoch": 24, "score": LONG, "peak_gib": 12.345}
    mark = {"pruner": {"completed_rung_0": LONG}}
    end = {"event": "finished", "number": 1234, "state": "COMPLETE", "score": LONG}
    events = [
        {"event": "asked", "number": 1234, "params": {**point, "lr": LONG}, "from": "sampler"},
        {"event": "started", "number": 1234, "config_hash": "0" * 16, "epoch": 0},
        *[rung | (mark if reported < 3 else {}) for reported in range(MOST_REPORTS)],
        {**end, "summary": ledger_part(_summary(classes))},
    ]
    assert sum(len(as_line({"time": 1764000000.123, **event})) for event in events) <= TRIAL_BYTES


def test_the_longest_part_is_left_out_first_and_the_columns_stay() -> None:
    part = ledger_part(_summary(80))
    assert set(_summary(80)) - set(part) == {"settings"}
    assert part["coco"] == dict.fromkeys(COCO_KEYS, 0.123457)
    assert len(as_line(part)) <= SUMMARY_BYTES
    assert ledger_part({"a": 1.5, "b": None}) == {"a": 1.5, "b": None}


def test_what_was_left_out_is_read_from_the_trials_folder(tmp_path: Path) -> None:
    run, record = RunLayout(tmp_path), TrialRecord(3, summary=ledger_part(_summary(80)))
    assert with_whole_summary(run, record) == record
    write_atomically(run.trial(3).outcome, json.dumps({"summary": _summary(80)}))
    assert with_whole_summary(run, record).summary["settings"] == _summary(80)["settings"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"summary": 3}'])
def test_a_damaged_outcome_is_named(tmp_path: Path, content: str) -> None:
    run = RunLayout(tmp_path)
    write_atomically(run.trial(0).outcome, content)
    with pytest.raises(DamagedFileError, match=r"outcome\.json"):
        with_whole_summary(run, TrialRecord(0))
