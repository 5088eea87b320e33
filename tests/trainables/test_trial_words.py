"""The words that a leaderboard shows for a trial: every detector has them, whatever its parameters are called."""

import pytest

from trainables.catalogue import DETECTORS
from trainables.labels import trial_words

READ = [name for name, one in DETECTORS.items() if one.reads_data and one.configured_by is None]


@pytest.mark.parametrize("detector", READ)
def test_every_detector_has_words(detector: str) -> None:
    params = {name: parameter.default for name, parameter in DETECTORS[detector].train.items()}
    words = trial_words(detector, params)
    assert words["model"] == detector
    assert words["backbone"] == params.get("backbone", "cspnext")
    assert words["schedule"] == f"{params['epochs']}e {params['lr_steps']}"
