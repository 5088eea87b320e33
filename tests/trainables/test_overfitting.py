"""Set prediction learns too slowly for a demonstration's few epochs: it shows on eight images that it learns at all."""

from dataclasses import replace
from pathlib import Path

import pytest
from tiny_detector import POST
from tiny_detectors import tiny

from trainables.data.demo import DemoSizes, demo_dataset
from trainables.jobs import TrialJob
from trainables.trial import run_trial

SMALL: dict[str, object] = {
    "train_scale": "192x144",
    "base_channels": 16,
    "embed_dims": 64,
    "feedforward_channels": 128,
    "dropout": 0.0,
    "box_refine": True,
    "backbone_lr_factor": 1.0,
    "sampling_lr_factor": 1.0,
    "lr": 0.001,
    "epochs": 60,
}
VIEW = {"scale": "192x144", "flip": False, "score_floor": 0.01, "max_raw_per_image": 300}


@pytest.fixture
def eight_images(tmp_path: Path) -> Path:
    """Eight images of the demonstration, on which training is judged, too."""
    dataset = demo_dataset(tmp_path / "cache", DemoSizes(train=8, val=1, test=1))
    same = dataset.with_name("same.yaml")
    same.write_text(dataset.read_text().replace("val.json", "train.json"))
    return same


@pytest.mark.slow
@pytest.mark.parametrize("detector", ["deformable_detr"])
def test_set_prediction_learns_eight_images_by_heart(detector: str, eight_images: Path, tmp_path: Path) -> None:
    params, rule = tiny(detector, **SMALL), "bottle_round1"
    job = TrialJob(0, detector, params, (VIEW,), POST, (60,), str(eight_images), rule, 0, str(tmp_path / "0"))
    untrained = replace(job, params={**params, "epochs": 0}, rungs=(0,), folder=str(tmp_path / "1"))
    scores = [run_trial(one, lambda event: None).score or 0.0 for one in (untrained, job)]
    assert scores[0] < 0.05
    assert scores[1] > 0.15
