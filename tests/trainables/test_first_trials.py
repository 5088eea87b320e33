"""A real trial of each detector on the demonstration: what the first point of its space's demo profile reaches."""

from pathlib import Path

import pytest

from orchestrator.jobs import Asked, JobFactory
from results.layout import RunLayout
from search_spaces.loading import SHIPPED_FOLDER, load_space
from search_spaces.points import default_point
from search_spaces.space import Space
from trainables.catalogue import DETECTORS
from trainables.data.demo import demo_dataset
from trainables.jobs import TrialJob
from trainables.trial import run_trial

ENOUGH = 0.15
# Set prediction needs more images than the demonstration has: test_overfitting lets it learn a few by heart.
BY_QUERIES = {"deformable_detr"}


def spaces() -> list[Space]:
    """Of one detector of images each."""
    loaded = [load_space(file.stem, DETECTORS, "demo") for file in sorted(SHIPPED_FOLDER.glob("*.yaml"))]
    return [one for one in loaded if len(one.detectors()) == 1 and DETECTORS[one.detector].reads_data]


TRIED = [one for one in spaces() if one.detector not in BY_QUERIES]


def test_every_detector_is_tried() -> None:
    built = {name for name, one in DETECTORS.items() if one.reads_data and one.configured_by is None}
    assert {space.detector for space in TRIED} == built - BY_QUERIES


@pytest.mark.slow
@pytest.mark.training
@pytest.mark.parametrize("space", TRIED, ids=lambda space: space.name)
def test_a_first_trial_beats_chance_by_far(space: Space, tmp_path: Path) -> None:
    point = space.known[0] if space.known else default_point(space)
    make_job = JobFactory(space, RunLayout(tmp_path), demo_dataset(), space.rule, seed=0)
    finished = run_trial(TrialJob.from_dict(make_job(Asked(0, point))), lambda report: None)
    assert finished.score is not None
    assert finished.score > ENOUGH
