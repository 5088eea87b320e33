import random
from collections import Counter
from dataclasses import replace

from orchestrator.progress import best_score
from orchestrator.tally import Tally
from results.trial_records import COMPLETE, FAIL, PRUNED, RUNNING, TrialRecord


def test_a_tally_says_what_a_look_at_all_records_says() -> None:
    rng = random.Random(0)
    records = {number: TrialRecord(number) for number in range(4)}
    tally = Tally(records.values())
    for _ in range(200):
        number = rng.randrange(12)
        state, score = rng.choice((COMPLETE, PRUNED, FAIL, RUNNING)), rng.random()
        before = records.get(number)
        if before is not None and before.state != RUNNING:
            continue
        records[number] = replace(before or TrialRecord(number), state=state, score=score, rungs=((1, score),))
        assert tally.note(records[number])
        assert tally.states == Counter(record.state for record in records.values())
        assert tally.best == best_score(records)


def test_a_record_that_says_the_same_is_no_change() -> None:
    tally = Tally([TrialRecord(3, {"x": 1})])
    assert not tally.note(TrialRecord(3, {"x": 1}))
    assert tally.note(TrialRecord(3, {"x": 1}, rungs=((1, 0.5),)))
    assert tally.states == {RUNNING: 1}
    assert tally.best is None


def test_the_best_is_no_maximum_over_seeds() -> None:
    found = TrialRecord(0, state=COMPLETE, score=0.5), TrialRecord(1, state=COMPLETE, score=0.9, confirms=0)
    assert Tally(found).best == best_score(dict(enumerate(found))) == 0.5
