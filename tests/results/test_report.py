import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from results.boxes import Category, Detections, Images, Truth, write_detections, write_truth
from results.commands import run_command
from results.layout import RunLayout, TrialLayout, run_layout, write_atomically
from results.ledger import Ledger
from results.postprocess import PostSpec
from results.prepared import prepare, prepare_truth
from results.report import main
from results.report_sections import (
    class_intervals,
    kept_of,
    out_of_fold_lines,
    penalty_lines,
    search_lines,
    sections,
)
from results.rules import TimePenalty, load_rule
from results.solution import Solution, apply_solution
from results.solve import solve, swept_by
from results.solve_store import RawSet, sweep_stored
from results.trial_files import Boxes
from results.trial_manifest import report_files, write_manifest

RULE = load_rule("bottle_round1")
SPEC = PostSpec(max_per_image=50)


def _scene() -> tuple[Truth, Detections]:
    """30 images with one box of class 1 each; half of them are found. Class 2 has no box, class 6 is found nowhere."""
    count = 30
    image_id = np.arange(1, count + 1)
    boxes = np.tile([100.0, 100.0, 50.0, 60.0], (count, 1))
    images = Images(image_id, tuple(f"{i}.jpg" for i in image_id), np.full(count, 658), np.full(count, 492))
    category_id = np.where(image_id <= 25, 1, 6)
    categories = (Category(6, "six"), Category(2, "two"), Category(1, "one"))
    truth = Truth(images, categories, image_id, image_id, category_id, boxes, np.zeros(count, dtype=np.bool_))
    found = image_id % 2 == 0
    raw = Detections(
        image_id[found], np.ones(found.sum(), dtype=np.int64), boxes[found], np.linspace(0.9, 0.5, found.sum())
    )
    return truth, raw


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunLayout:
    monkeypatch.chdir(tmp_path)
    run = run_layout("night")
    truth, raw = _scene()
    solution = solve(truth, raw, RULE, SPEC, 0)
    trial = run.trial(1)
    write_truth(trial.truth, truth)
    write_detections(trial.detections, apply_solution(raw, solution), {})
    write_atomically(trial.outcome, json.dumps({"solution": solution.to_dict()}))
    seal(trial)
    with Ledger.create(run.ledger, {"rule": "bottle_round1"}) as ledger:
        for number, score in enumerate([0.1, solution.score.score]):
            ledger.append({"event": "asked", "number": number, "params": {}})
            ledger.append({"event": "finished", "number": number, "state": "COMPLETE", "score": score})
    return run


def seal(trial: TrialLayout) -> None:
    """The manifest of what the trial has now."""
    write_manifest(trial, [path for path in report_files(trial) if path.is_file()])


def _row(page: str, id_: int) -> list[str]:
    (line,) = [line for line in page.splitlines() if line.startswith(f"| {id_} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_page_shows_the_best_trial_class_by_class(run: RunLayout, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(main, ["--run", run.name]) == 0
    page = capsys.readouterr().out
    assert page.startswith("# Run night\n\nRule: bottle_round1")
    assert "## Best trial: 1, score" in page
    _, name, boxes, ap, interval, _, ap50, nms, _ = _row(page, 1)
    assert (name, boxes) == ("瓶盖破损", "25")
    assert float(ap) == pytest.approx(12 / 25, abs=1e-4)
    low, high = map(float, interval.split(" to "))
    assert low < float(ap) < high
    assert float(ap50) == pytest.approx(49 / 101, abs=1e-4)
    assert nms.split()[0] in ("hard", "soft_linear", "soft_gaussian")


def test_small_and_empty_classes_are_marked(run: RunLayout, capsys: pytest.CaptureFixture[str]) -> None:
    run_command(main, [])
    page = capsys.readouterr().out
    assert _row(page, 6)[2:4] == ["5*", "0.0000"]
    assert _row(page, 2)[2:7] == ["0*", *["undefined"] * 4]
    assert "under 20 validation boxes" in page


def test_without_truth_there_are_no_intervals_and_the_page_says_so(
    run: RunLayout, capsys: pytest.CaptureFixture[str]
) -> None:
    run.trial(1).truth.unlink()
    seal(run.trial(1))
    assert run_command(main, []) == 0
    page = capsys.readouterr().out
    assert _row(page, 1)[4] == "-"
    assert "No intervals" in page


def test_the_sections_show_what_the_trial_left(run: RunLayout, capsys: pytest.CaptureFixture[str]) -> None:
    write_detections(run.trial(1).raw, _scene()[1], {})
    write_atomically(run.trial(1).config, json.dumps({"job": {"post": asdict(SPEC)}}))
    seal(run.trial(1))
    assert run_command(main, []) == 0
    page = capsys.readouterr().out
    assert "| 15 | no clean images |" in page
    assert "| AP | AP50 | AP75 | APs | APm | APl | AR1 | AR10 | AR100 | ARs | ARm | ARl |" in page
    assert "| missed | 15 |" in page
    assert "`per_class: gate` scores" in page and "over the best global setting that is +0.0000" in page
    assert "TPE" not in page and "nan" not in page.lower()


@pytest.mark.parametrize(("rule", "reason"), [("bottle_round1", "no raw"), ("f1_macro", "plain AP")])
def test_an_estimate_that_cannot_be_made_says_why(rule: str, reason: str) -> None:
    truth, raw = _scene()
    kept = kept_of(Boxes(truth, raw), load_rule(rule))
    assert reason in out_of_fold_lines(replace(kept, spec=SPEC))[-1]
    assert "configuration does not say" in out_of_fold_lines(kept_of(Boxes(truth, raw), RULE))[-1]


def test_the_best_trial_stands_against_the_others(run: RunLayout, capsys: pytest.CaptureFixture[str]) -> None:
    truth, raw = _scene()
    write_truth(run.trial(0).truth, truth)
    write_detections(run.trial(0).detections, raw.select(np.arange(len(raw)) < 3), {})
    seal(run.trial(0))
    assert run_command(main, []) == 0
    page = capsys.readouterr().out
    against = _row(page[page.index("### Trial 1 against the others") :], 0)
    assert float(against[1]) > 0 and against[3:] == ["1.000", ""]
    assert "compare paired differences" in page


def test_a_time_penalty_is_shown_beside_the_score() -> None:
    penalty = TimePenalty(per_second=0.1, free_s=0.05)
    (line,) = [line for line in penalty_lines(penalty, 0.9, 10.0) if line]
    assert "0.0050 at 10.0 images a second, which leaves 0.8950" in line
    for free in (penalty_lines(TimePenalty(), 0.9, 10.0), penalty_lines(penalty, 0.9, None)):
        assert free == []


def test_trials_that_keep_their_rows_are_recombined_by_class(
    run: RunLayout, capsys: pytest.CaptureFixture[str]
) -> None:
    truth, raw = _scene()
    both = {0: raw.select(np.arange(len(raw)) < 3), 1: replace(raw, category_id=np.where(raw.image_id > 25, 6, 1))}
    for number, found in both.items():
        trial = run.trial(number)
        write_truth(trial.truth, truth)
        write_detections(trial.raw, found, {})
        write_atomically(trial.config, json.dumps({"job": {"post": asdict(SPEC)}}))
        sweep_stored(trial.prepared, RawSet(truth, found, RULE), SPEC, 0)
        seal(trial)
    assert run_command(main, []) == 0
    page = capsys.readouterr().out
    table = page[page.index("### Best of 2 trials by class") :]
    assert _row(table, 1)[2] == "1" and _row(table, 6)[2] == "1"
    assert "AP in trial 1" in table and "it reads high" in table
    assert "### Trial 1 against the others" not in page
    run.trial(0).truth.unlink()
    seal(run.trial(0))
    run_command(main, [])
    assert "trials by class" not in capsys.readouterr().out


def test_nothing_found_and_nothing_there_have_sections() -> None:
    truth, raw = _scene()
    none = np.zeros(0, dtype=np.int64)
    blank = Truth(truth.images, truth.categories, none, none, none, np.zeros((0, 4)), none.astype(np.bool_))
    for there, found in ((truth, Detections.empty()), (blank, raw), (blank, Detections.empty())):
        swept = swept_by(prepare(prepare_truth(there, RULE), found), SPEC, 0)
        kept = replace(kept_of(Boxes(there, found), RULE), spec=SPEC, sweep=lambda swept=swept: swept)
        page = "\n".join(sections(kept))
        assert "nan" not in page.lower()
        assert ("Undefined" in page) == (there is blank)


def test_tpe_and_the_exact_search_stand_side_by_side() -> None:
    truth, raw = _scene()
    solution = solve(truth, raw, RULE, replace(SPEC, search="optuna"), 0)
    exact = solve(truth, raw, RULE, SPEC, 0)
    assert solution.exact_score == pytest.approx(exact.score.score)
    assert f"| exact over the grid | {exact.score.score:.4f} |" in search_lines(solution)
    assert Solution.from_dict(json.loads(json.dumps(solution.to_dict()))) == solution
    assert search_lines(exact) == []


def test_a_damaged_best_trial_is_left_out_and_named(run: RunLayout, capsys: pytest.CaptureFixture[str]) -> None:
    run.trial(1).outcome.write_text("{")
    assert run_command(main, []) == 0
    page = capsys.readouterr().out
    assert "Trial 1 is left out: runs/night/trials/0001/outcome.json is damaged (must be" in page
    assert "## Best trial" not in page and "Trial 0 is left out: it keeps no files." in page


def test_a_run_without_a_finished_trial_has_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Ledger.create(run_layout("new").ledger, {"rule": "coco"}).close()
    assert run_command(main, []) == 0


def test_intervals_hold_the_ap_and_are_undefined_without_truth() -> None:
    truth, raw = _scene()
    intervals = class_intervals(kept_of(Boxes(truth, raw), RULE))
    assert intervals[1][0] < 12 / 25 < intervals[1][1]
    assert intervals[6] == (0.0, 0.0)
    assert np.isnan(intervals[2]).all()
