"""Sixty flipped bits over the files that pages read of trials: none gives another page without naming its file."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from drawn_boxes import draw

from results.boxes import write_detections, write_truth
from results.commands import run_command
from results.layout import RunLayout, run_layout, write_atomically
from results.leaderboard import main as leaderboard
from results.ledger import Ledger
from results.postprocess import PostSpec
from results.report import main as report
from results.rules import load_rule
from results.solution import apply_solution
from results.solve import solve
from results.solve_store import RawSet, sweep_stored
from results.trial_manifest import report_files, score_files, write_manifest

FLIPS = 60
SPEC = PostSpec(nms=("hard",), max_per_image=50)
RULE = load_rule("voc50")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunLayout:
    monkeypatch.chdir(tmp_path)
    run, (truth, raw) = run_layout("night"), draw(2)
    solution = solve(truth, raw, RULE, SPEC, 0)
    with Ledger.create(run.ledger, {"rule": "voc50"}) as ledger:
        for number in (0, 1):
            trial = run.trial(number)
            sweep_stored(trial.prepared, RawSet(truth, raw, RULE), SPEC, 0)
            write_truth(trial.truth, truth)
            write_detections(trial.raw, raw, {})
            write_detections(trial.detections, apply_solution(raw, solution), {})
            write_atomically(trial.config, json.dumps({"job": {"post": asdict(SPEC)}}))
            write_atomically(trial.outcome, json.dumps({"solution": solution.to_dict(), "summary": {}}))
            write_manifest(trial, report_files(trial))
            ledger.append({"event": "asked", "number": number, "params": {}})
            end = {"state": "COMPLETE", "score": solution.score.score}
            ledger.append({"event": "finished", "number": number, **end})
    return run


def flips(run: RunLayout) -> Iterator[tuple[Path, int]]:
    """A file and one of its bits, every file of both trials in turn."""
    draws = np.random.default_rng(4)
    files = [path for number in (0, 1) for path in (*report_files(run.trial(number)), run.trial(number).manifest)]
    for turn in range(FLIPS):
        path = files[turn % len(files)]
        yield path, int(draws.integers(8 * path.stat().st_size))


def test_no_flipped_bit_gives_another_page_silently(run: RunLayout, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(report, ["--run", run.name]) == 0
    whole = capsys.readouterr().out
    assert "## Best trial: 0" in whole and "left out" not in whole
    for path, bit in flips(run):
        content = path.read_bytes()
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        write_atomically(path, bytes(flipped))
        assert run_command(report, ["--run", run.name]) == 0
        page = capsys.readouterr().out
        assert f"{path} is damaged" in page, (path, bit)
        assert f"Trial {int(path.relative_to(run.root).parts[1])} is left out" in page
        write_atomically(path, content)
    run_command(report, ["--run", run.name])
    assert capsys.readouterr().out == whole


@pytest.mark.parametrize("name", ["outcome.json", "truth.arrow", "detections.arrow"])
def test_a_leaderboard_says_which_trial_it_did_not_compare(
    run: RunLayout, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = run.trial(0).folder / name
    assert path in score_files(run.trial(0))
    path.write_bytes(path.read_bytes()[:-1] + b"~")
    assert run_command(leaderboard, ["--run", run.name]) == 0
    assert f"Trial 0 is left out: {path} is damaged" in " ".join(capsys.readouterr().out.split())
    run_command(leaderboard, ["--run", run.name, "--json"])
    first, second = json.loads(capsys.readouterr().out)["trials"]
    assert name in first["damaged"] and "damaged" not in second
    assert "tied_with_best" not in second
