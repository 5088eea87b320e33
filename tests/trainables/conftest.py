"""A small rendered data set and the smallest detector that trains on it."""

from pathlib import Path

import pytest
from tiny_detector import POST, TINY_DETECTOR

from trainables.data.demo import DemoSizes, demo_dataset
from trainables.jobs import TrialJob


@pytest.fixture(scope="session")
def tiny_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo_dataset(tmp_path_factory.mktemp("cache"), DemoSizes(train=12, val=6, test=3))


@pytest.fixture
def tiny_job(tiny_dataset: Path, tmp_path: Path) -> TrialJob:
    view = {"scale": "96x72", "flip": False, "score_floor": 0.001, "max_raw_per_image": 100}
    folder = str(tmp_path / "trials" / "0003")
    return TrialJob(
        3, "cascade_rcnn", TINY_DETECTOR, (view,), POST, (1,), str(tiny_dataset), "bottle_round1", 5, folder
    )
