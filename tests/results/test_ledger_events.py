import json
from pathlib import Path

import pytest

from results.errors import DamagedFileError
from results.ledger import Ledger, read_events
from results.trial_records import trials_of

RUN = {"event": "run", "schema": 2, "time": 1.0, "name": "x", "trials": 3}
ASKED = {"event": "asked", "time": 2.0, "number": 0, "params": {"lr": 0.1}, "from": "sampler"}
STARTED = {"event": "started", "time": 3.0, "number": 0, "config_hash": "h", "epoch": 0}
RUNG = {"event": "rung", "time": 4.0, "number": 0, "epoch": 1, "score": 0.25}
FINISHED = {"event": "finished", "time": 5.0, "number": 0, "state": "COMPLETE", "score": 0.5}
HUGE = 10**400


def ledger(folder: Path, *lines: object) -> Path:
    path = folder / "ledger.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_bytes("".join(f"{text}\n" for text in texts).encode("utf-8", errors="surrogateescape"))
    return path


def without(event: dict, name: str) -> dict:
    return {key: value for key, value in event.items() if key != name}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (ASKED, "number 0 must be new, got it in line 2, too"),
        ({**ASKED, "event": "answered", "as": 0}, "number 0 must be new"),
        (without(RUNG, "time"), '"time" of a "rung" event must be a number, got none'),
        (without(RUNG, "event"), 'an event must have "event", got none'),
        (without(RUNG, "score"), '"score" of a "rung" event must be a number or null, got none'),
        ({**RUNG, "event": "rnug"}, "got 'rnug'"),
        ({**RUNG, "event": ["rung"]}, "got ['rung']"),
        ({**RUNG, "score": "0.5"}, '"score" of a "rung" event must be a number or null, got \'0.5\''),
        ({**RUNG, "score": True}, '"score" of a "rung" event must be a number or null, got True'),
        ({**RUNG, "epoch": 1.5}, "must be a whole number from 0, got 1.5"),
        ({**RUNG, "number": -1}, "must be a whole number from 0, got -1"),
        ({**RUNG, "number": 7}, 'must be asked for first, got "rung" of number 7'),
        ({**RUNG, "score": HUGE}, "a number of more than 63 bits"),
        ({**RUNG, "time": [True] * 4000}, '"time" of a "rung" event must be a number, got [True'),
        (json.dumps(RUNG).replace("0.25", "1e999"), "must be a number or null, got inf"),
        (json.dumps(RUNG).replace("0.25", "NaN"), "NaN is no number"),
        (json.dumps(RUNG).replace("0.25", "-Infinity"), "-Infinity is no number"),
        (json.dumps(RUNG).replace("0.25", "9" * 5000), "got something else"),
        (json.dumps(RUNG).replace('"epoch"', '"score"'), "key 'score' stands twice"),
        ({**FINISHED, "state": "DONE"}, "must be one of COMPLETE, PRUNED, FAIL, got 'DONE'"),
        ({**FINISHED, "summary": [1]}, '"summary" of a "finished" event must be an object'),
        ({**ASKED, "number": 1, "params": 3}, "must be an object of finite values, got 3"),
        ({**RUN}, 'the event "run" must stand in the first line alone'),
        ("[" * 100_000, "must be a JSON object"),
        ('{"a":' * 100_000, "must be a JSON object"),
        ("3", "got a int"),
        ("", "must be a JSON object"),
        ('{"event": "\udcff"}', "must be a JSON object"),
        (json.dumps(RUNG) + json.dumps(RUNG), "must be a JSON object"),
    ],
)
def test_a_bad_line_is_one_line_with_its_number(tmp_path: Path, line: object, said: str) -> None:
    with pytest.raises(DamagedFileError) as caught:
        read_events(ledger(tmp_path, RUN, ASKED, STARTED, line, {**FINISHED, "number": 0}))
    message = str(caught.value)
    assert "ledger.jsonl: line 4 " in message and said in message
    assert "\n" not in message and len(message.replace(str(tmp_path), "")) <= 300


@pytest.mark.parametrize("again", [FINISHED, RUNG, STARTED, {**FINISHED, "state": "FAIL", "score": None}])
def test_what_follows_a_trials_end_changes_no_result(tmp_path: Path, again: dict) -> None:
    events = read_events(ledger(tmp_path, RUN, ASKED, STARTED, RUNG, FINISHED, {**again, "score": 0.9, "time": 9.0}))
    assert [event["event"] for event in events] == ["run", "asked", "started", "rung", "finished"]
    record = trials_of([*events, {**again, "score": 0.9}])[0]
    assert (record.state, record.score, record.rungs) == ("COMPLETE", 0.5, ((1, 0.25),))


def test_a_torn_last_line_is_left_out_whatever_it_holds(tmp_path: Path) -> None:
    for torn in ('{"event": "rung", "num', "[" * 100_000, '{"a":' * 100_000, "\udcff"):
        path = ledger(tmp_path, RUN, ASKED)
        path.write_bytes(path.read_bytes() + torn.encode("utf-8", errors="surrogateescape"))
        assert len(read_events(path)) == 2


@pytest.mark.parametrize("header", [{"trials": []}, {"trials": "3"}, {"rule": 5}, {"hours": "x"}, {"time": None}])
def test_a_header_holds_what_commands_read_of_it(tmp_path: Path, header: dict) -> None:
    with pytest.raises(DamagedFileError, match=rf'line 1 .* "{next(iter(header))}" of a "run" event'):
        read_events(ledger(tmp_path, {**RUN, **header}))


def test_fields_of_nobodys_business_and_schema_1_are_read(tmp_path: Path) -> None:
    events = [{**RUN, "schema": 1}, {**ASKED, "mood": [{}]}, RUNG, FINISHED]
    assert read_events(ledger(tmp_path, *events)) == events


def test_no_event_is_written_that_nobody_could_read(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "ledger.jsonl", {}) as written, pytest.raises(ValueError, match="names itself"):
        written.append({"event": "rnug", "number": 0})
