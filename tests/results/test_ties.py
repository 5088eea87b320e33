import io
import json
from pathlib import Path

import numpy as np
import pytest
from drawn_boxes import draw
from rich.console import Console

from results.boxes import Detections, Truth, write_detections, write_truth
from results.layout import RunLayout, run_layout, write_atomically
from results.leaderboard import main, show
from results.ledger import Ledger
from results.ties import ties
from results.trial_manifest import score_files, write_manifest
from results.trial_records import COMPLETE, TrialRecord

RECORDS = [TrialRecord(number, state=COMPLETE, score=0.9 - number / 10) for number in range(3)]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunLayout:
    monkeypatch.chdir(tmp_path)
    layout = run_layout("night")
    truth, found = draw(2)
    noise = Detections(found.image_id, found.category_id, found.boxes_xywh + 900, found.scores)
    for number, detections in enumerate((found, found, noise)):
        _write(layout, number, truth, detections)
    with Ledger.create(layout.ledger, {"rule": "voc50"}) as ledger:
        for record in RECORDS:
            done = {"state": COMPLETE, "score": record.score, "summary": {"settings": {"1": "hard 0.5"}}}
            ledger.append({"event": "asked", "number": record.number, "params": {}, "from": "sampler"})
            ledger.append({"event": "finished", "number": record.number, **done})
    return layout


def _write(layout: RunLayout, number: int, truth: Truth, detections: Detections) -> None:
    trial = layout.trial(number)
    trial.folder.mkdir(parents=True)
    write_truth(trial.truth, truth)
    write_detections(trial.detections, detections, {})
    write_manifest(trial, score_files(trial)[1:])


def test_a_trial_is_tied_with_its_twin_and_not_with_noise(run: RunLayout) -> None:
    found = ties(run, RECORDS, "voc50")
    assert {number: one.tied for number, one in found.items()} == {1: True, 2: False}


def test_trials_without_files_or_with_another_truth_are_not_compared(run: RunLayout) -> None:
    run.trial(1).detections.unlink()
    write_truth(run.trial(2).truth, draw(3)[0])
    assert ties(run, RECORDS, "voc50") == {}
    run.trial(0).truth.unlink()
    assert ties(run, RECORDS, "voc50") == ties(run, [], "voc50") == {}


def test_the_screen_that_a_search_ends_with_shows_them(run: RunLayout) -> None:
    text = io.StringIO()
    show(Console(file=text, width=100), run, reversed(RECORDS), "voc50")
    assert "Tied with trial 0 (95% of the paired difference holds 0): trial 1." in " ".join(text.getvalue().split())
    assert text.getvalue().startswith("night: 3 trials")


def test_small_classes_and_the_cost_of_the_cap_stand_below(run: RunLayout) -> None:
    solution = {"score": {"boxes": {"1": 40, "2": 19}}, "max_per_image": 50, "cap_cost": 0.00125}
    for content, expected in (({"solution": solution, "summary": {}}, True), ({"summary": {}}, False)):
        write_atomically(run.trial(0).outcome, json.dumps(content))
        write_manifest(run.trial(0), score_files(run.trial(0)))
        text = io.StringIO()
        show(Console(file=text, width=200), run, RECORDS, "voc50")
        assert ("an AP point is noise: 2 (19)." in text.getvalue()) == expected
        assert ("The cap of 50 boxes an image costs trial 0 0.00125." in text.getvalue()) == expected


def test_the_leaderboard_says_so(run: RunLayout, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    page = " ".join(capsys.readouterr().out.split())
    assert "Tied with trial 0 (95% of the paired difference holds 0): trial 1." in page
    assert "Settings of trial 0: 1 hard 0.5." in page
    assert "small set" in page
    assert main(["--json"]) == 0
    trials = json.loads(capsys.readouterr().out)["trials"]
    assert [trial.get("tied_with_best") for trial in trials] == [None, True, False]
    assert trials[2]["best_minus_this"]["interval"][0] > 0
    assert np.isfinite(trials[1]["best_minus_this"]["probability"])
