"""`prepare pseudo` by its command line: files for the next search, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from results.boxes import Detections, images_from_coco, read_truth, truth_from_coco, write_detections
from results.commands import run_command
from results.errors import InputErrors
from results.layout import RunLayout
from results.ledger import Ledger
from results.trial_manifest import prediction_files, write_manifest
from trainables.data.dataset import check_dataset, load_dataset
from trainables.data.prepare import main
from trainables.jobs import TrialJob
from trainables.trial import run_trial


@pytest.fixture
def workplace(tiny_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a run, whose ensemble found everything on val and on the test images."""
    folder = tiny_dataset.parent
    header = {"name": "done", "dataset": str(tiny_dataset), "rule": "bottle_round1"}
    Ledger.create(RunLayout(tmp_path / "runs" / "done").ledger, header).close()
    for name, part in (("val", "validation"), ("test_truth", "found")):
        rows = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["annotations"]
        (tmp_path / f"{part}.json").write_text(json.dumps([{**row, "score": 0.9} for row in rows]))
    monkeypatch.chdir(tmp_path)
    return folder


def arguments(folder: Path, *more: str) -> list[str]:
    files = ["--images", str(folder / "test_images.json"), "--image-folder", str(folder / "images")]
    judged = ["--detections", "found.json", "--validation", "validation.json", "--share", "9", "--precision", "0.3"]
    return ["pseudo", *files, *judged, "--out", "pseudo.json", *more]


def test_the_next_search_can_start_on_what_is_written(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(workplace, "--json")) == 0
    said = json.loads(capsys.readouterr().out)
    summary = check_dataset(load_dataset(Path("pseudo_dataset.yaml")))
    real = truth_from_coco(workplace / "train.json")
    assert summary.train.boxes == len(real) + said["labels"]
    assert summary.train.images == len(real.images) + said["images"]
    rows = json.loads(Path("pseudo_train.json").read_text(encoding="utf-8"))["annotations"]
    assert sum(1 for row in rows if row.get("pseudo")) == said["labels"] > 0


def test_pseudo_labels_are_refused_in_validation(workplace: Path) -> None:
    main(arguments(workplace))
    text = Path("pseudo_dataset.yaml").read_text(encoding="utf-8")
    swapped = text.replace("pseudo_train.json", "x").replace(
        str(workplace / "val.json"), str(Path("pseudo.json").resolve())
    )
    Path("wrong.yaml").write_text(
        swapped.replace(str(Path("x").resolve()), str(workplace / "train.json")), encoding="utf-8"
    )
    with pytest.raises(InputErrors, match="val holds no pseudo labels"):
        check_dataset(load_dataset(Path("wrong.yaml")))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--precision", "0.999"], "confident enough"),
        (["--precision", "2"], "between 0 and 1"),
        (["--share", "0"], "above 0"),
        (["--run", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    workplace: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    assert run_command(main, arguments(workplace, *more)) == 2
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") == 1
    assert not list(Path().glob("pseudo*"))


def test_a_run_without_trials_cannot_predict(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--images", str(workplace / "test_images.json"), "--image-folder", str(workplace / "images")]
    assert run_command(main, ["pseudo", *files, "--out", "pseudo.json"]) == 2
    assert "COMPLETE" in capsys.readouterr().err


@pytest.mark.training
def test_the_best_trial_of_a_run_labels_the_images(
    tiny_job: TrialJob, workplace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = RunLayout(tmp_path / "runs" / "trained")
    job = replace(tiny_job, number=0, folder=str(layout.trial(0).folder))
    header = {"name": "trained", "dataset": job.dataset, "rule": job.rule}
    with Ledger.create(layout.ledger, header) as ledger:
        ledger.append({"event": "asked", "number": 0, "params": {}})
        score = run_trial(job, lambda report: None).score
        ledger.append({"event": "finished", "number": 0, "state": "COMPLETE", "score": score})
    truth = read_truth(layout.trial(0).truth)  # three steps teach nothing: let it have been right from .0001 on
    found = Detections(truth.image_id, truth.category_id, truth.boxes_xywh, np.full(len(truth), 0.0001))
    write_detections(layout.trial(0).detections, found, {})
    write_manifest(layout.trial(0), prediction_files(layout.trial(0)))
    files = ["--images", str(workplace / "test_images.json"), "--image-folder", str(workplace / "images")]
    judged = ["--run", "trained", "--precision", "0.2", "--share", "100", "--json"]
    assert main(["pseudo", *files, *judged, "--out", "pseudo.json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    listed = images_from_coco(workplace / "test_images.json").file_name
    rows = json.loads(Path("pseudo.json").read_text(encoding="utf-8"))
    assert said["labels"] == len(rows["annotations"]) > 0
    assert {row["file_name"] for row in rows["images"]} <= set(listed)
