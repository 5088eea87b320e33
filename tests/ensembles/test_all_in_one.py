"""Point 35 of the competition's log: ResNeXt-101, averaged weights, settings by class and an ensemble, in one run."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ensembles.build import main
from results.boxes import images_from_coco
from results.layout import RunLayout, TrialLayout
from results.ledger import Ledger
from results.rules import load_rule
from results.submission import check_submission
from trainables.catalogue import DETECTORS
from trainables.data.demo import DemoSizes, demo_dataset
from trainables.jobs import TrialJob
from trainables.trial import run_trial

pytestmark = pytest.mark.training

_POST = {
    "nms": ("hard", "soft_linear"),
    "per_class": "gate",
    "cutoffs": "tolerance",
    "max_per_image": 20,
    "search": "exact",
}
_AVERAGES = ("last2", "last2/0.7")
_SIZE = {"base_channels": 8, "neck_channels": 16, "train_scale": "96x72", "batch_size": 4, "epochs": 2, "lr": 0.002}
_SMALL = {
    "cascade_rcnn": {
        "backbone": "resnext101_32x4d",
        "rois": 16,
        "rpn_proposals": 30,
        "head_channels": 16,
        "roi_sampling_ratio": 1,
        "stage_ious": "0.4,0.5,0.6",
    },
    "fcos": {"backbone": "resnet18", "tower_convs": 1, "tower_channels": 16},
}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a run of a trial for each of two detectors."""
    folder = tmp_path_factory.mktemp("all")
    dataset = demo_dataset(folder / "cache", DemoSizes(train=12, val=8, test=3))
    layout = RunLayout(folder / "runs" / "all")
    with Ledger.create(layout.ledger, {"name": "all", "dataset": str(dataset), "rule": "bottle_round1"}) as ledger:
        for number, detector in enumerate(_SMALL):
            ledger.append({"event": "asked", "number": number, "params": {"detector": detector}})
            finished = run_trial(_job(number, detector, dataset, layout.trial(number)), lambda report: None)
            summary = dict(finished.summary)
            end = {"state": "COMPLETE", "score": finished.score, "summary": summary}
            ledger.append({"event": "finished", "number": number, **end})
    yield folder


def _job(number: int, detector: str, dataset: Path, layout: TrialLayout) -> TrialJob:
    defaults = {name: parameter.default for name, parameter in DETECTORS[detector].train.items()}
    params = {**defaults, "optimizer": "adamw", "warmup_iters": 0, **_SIZE, **_SMALL[detector]}
    views = tuple({"scale": "96x72", "score_floor": 0.001, "average": word} for word in _AVERAGES)
    return TrialJob(
        number, detector, params, views, _POST, (1, 2), str(dataset), "bottle_round1", number, str(layout.folder)
    )


def test_each_trial_is_predicted_with_averaged_weights_and_solved_by_class(workplace: Path) -> None:
    outcomes = [json.loads(file.read_text()) for file in sorted(workplace.glob("runs/all/trials/*/outcome.json"))]
    assert [outcome["view"]["average"] in _AVERAGES for outcome in outcomes] == [True, True]
    assert [sorted(map(int, outcome["solution"]["setting_of"])) for outcome in outcomes] == [list(range(1, 11))] * 2


def test_both_are_fused_into_a_valid_submission(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workplace)
    assert main(["--top", "5", "--method", "wbf"]) == 0
    images = images_from_coco(next(workplace.glob("cache/*/test_images.json")))
    assert check_submission(Path("submission.json"), images, load_rule("bottle_round1")).images == 3
    recipe = json.loads(Path("submission.provenance.json").read_text())["recipe"]
    assert sorted(recipe["members"]) == [0, 1]
    assert "fusion     validation score" in capsys.readouterr().out
