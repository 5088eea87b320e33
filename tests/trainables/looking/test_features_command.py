"""`python -m trainables.features` by its command line: sheets of a trained trial's detector, and what is refused."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from tiny_detector import POST
from tiny_detectors import tiny

from results.commands import run_command
from results.layout import RunLayout
from results.ledger import Ledger
from trainables.features import main
from trainables.jobs import TrialJob
from trainables.trial import run_trial

pytestmark = pytest.mark.training
VIEW = {"scale": "96x72", "flip": True, "score_floor": 0.001, "max_raw_per_image": 100}


@pytest.fixture(scope="module")
def place(tiny_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose run `trained` has a finished trial 1; trial 0 was stopped."""
    folder = tmp_path_factory.mktemp("looked_into")
    layout = RunLayout(folder / "runs" / "trained")
    job = TrialJob(
        1, "fcostd", tiny("fcostd", epochs=1), (VIEW,), POST, (1,), str(tiny_dataset), "bottle_round1", 5, ""
    )
    with Ledger.create(layout.ledger, {"name": "trained", "dataset": job.dataset, "rule": job.rule}) as ledger:
        ledger.append({"event": "asked", "number": 0, "params": {}})
        ledger.append({"event": "finished", "number": 0, "state": "PRUNED", "score": 0.1})
        ledger.append({"event": "asked", "number": 1, "params": {}})
        score = run_trial(replace(job, folder=str(layout.trial(1).folder)), lambda report: None).score
        ledger.append({"event": "finished", "number": 1, "state": "COMPLETE", "score": score})
    return folder


@pytest.fixture(autouse=True)
def inside(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(place)
    yield


def test_a_sheet_is_drawn_for_each_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--run", "trained", "--trial", "1", "--images", "val_0003.png", "test_0001.png", "--out", str(tmp_path)]
    assert main(asked) == 0
    paths = [tmp_path / f"trial_0001_{stem}.png" for stem in ("val_0003", "test_0001")]
    assert [line for line in capsys.readouterr().out.splitlines() if line.endswith(".png")] == list(map(str, paths))
    for path in paths:
        pixels = cv2.imread(str(path))
        assert pixels is not None
        assert pixels.std() > 20  # a blank sheet has none


def test_the_best_trial_and_three_images_are_looked_at_by_default(tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path / "new")]) == 0
    assert len(list((tmp_path / "new").glob("trial_0001_val_*.png"))) == 3


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--run", "nowhere"], "use one of trained"),
        (["--trial", "7"], "take one of 1"),
        (["--trial", "0"], "trial 0, PRUNED"),
        (["--images", "val_3.png"], "did you mean 'val_0003.png'"),
        (["--images", "no/such/image.png", "--trial", "1"], "no/such/image.png"),
        (["--trial", "one"], "--trial"),
    ],
)
def test_bad_input_is_one_line_and_draws_nothing(
    asked: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(main, [*asked, "--out", str(tmp_path / "drawn")]) == 2
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") == 1
    assert not (tmp_path / "drawn").exists()


def test_a_file_that_is_no_image_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "broken.png").write_text("no picture")
    assert run_command(main, ["--images", str(tmp_path / "broken.png"), "--out", str(tmp_path / "drawn")]) == 2
    assert "broken.png" in capsys.readouterr().err
    assert not (tmp_path / "drawn").exists()
