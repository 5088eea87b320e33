"""`prepare labels suspicious`: reads a finished run, lists, draws; refuses what is not there."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from results.boxes import Category, Detections, Images, Truth, write_detections, write_truth
from results.errors import InputError
from results.layout import run_layout
from results.ledger import Ledger
from results.trial_manifest import score_files, write_manifest
from results.trial_records import COMPLETE
from trainables.data.prepare import main

COUNT = 30
COMMAND = ["labels", "suspicious", "--run", "night"]


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run whose trial 1 found every label but the last, and an image folder."""
    monkeypatch.chdir(tmp_path)
    ids = np.arange(COUNT)
    images = Images(ids, tuple(f"图 {id_}.png" for id_ in ids), np.full(COUNT, 90), np.full(COUNT, 60))
    boxes = np.tile([30.0, 20.0, 20.0, 10.0], (COUNT, 1))
    truth = Truth(images, (Category(4, "<打旋>"),), ids + 100, ids, np.full(COUNT, 4), boxes, ids < 0)
    found = Detections(ids, truth.category_id, boxes, np.full(COUNT, 0.9)).select(ids != COUNT - 1)
    run = run_layout("night")
    run.trial(1).folder.mkdir(parents=True)
    write_truth(run.trial(1).truth, truth)
    write_detections(run.trial(1).detections, found, {})
    write_manifest(run.trial(1), score_files(run.trial(1))[1:])
    with Ledger.create(run.ledger, {"rule": "voc50", "dataset": "nowhere.yaml"}) as ledger:
        for number, done in ((0, {"state": "FAIL"}), (1, {"state": COMPLETE, "score": 0.5, "summary": {}})):
            ledger.append({"event": "asked", "number": number, "params": {}, "from": "sampler"})
            ledger.append({"event": "finished", "number": number, **done})
    (tmp_path / "pictures").mkdir()
    Image.new("I;16", (90, 60)).save(tmp_path / "pictures" / f"图 {COUNT - 1}.png")
    return tmp_path / "pictures"


def test_the_list_and_its_sheet(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = pictures / "page.html"
    assert main([*COMMAND, "--images", str(pictures), "--page", str(page), "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    said = json.loads(line)
    assert (said["run"], said["trial"], said["labels"], said["counts"]["missed"]) == ("night", 1, COUNT, 1)
    (one,) = said["listed"]
    assert (one["kind"], one["annotation_id"], one["label"]) == ("missed", 100 + COUNT - 1, "<打旋>")
    text = page.read_text(encoding="utf-8")
    assert text.count("<img") == 1 and "&lt;打旋&gt;" in text


def test_the_list_on_a_screen(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*COMMAND, "--images", str(pictures)]) == 0
    assert f"missed        图 {COUNT - 1}.png" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (["--trial", "0"], r"choose among \[1\]"),
        (["--trial", "7"], r"choose among \[1\]"),
        (["--top", "0"], "--top"),
        (["--images", "elsewhere", "--page", "page.html"], "give it with --images"),
        (["--page", "page.html"], "nowhere.yaml"),
    ],
)
def test_what_is_not_there_is_refused(pictures: Path, more: list[str], why: str) -> None:
    with pytest.raises(InputError, match=why):
        main([*COMMAND, *more])
    assert not Path("page.html").exists() and pictures.is_dir()
