"""What people call a trial: the words that a leaderboard shows for its model, backbone and schedule."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from trainables.detectors import configured


def trial_words(detector: str, params: Mapping[str, object]) -> dict[str, str]:
    """`model`, `backbone` and `schedule` of a trial with these parameters."""
    epochs = f"{params['epochs']}e"
    if detector == configured.NAME:
        model = PurePosixPath(str(params["config"])).stem
        return {"model": model, "backbone": configured.backbone_word(params), "schedule": epochs}
    scheduled = params["lr_steps"] if params["schedule"] == "step" else "cosine"
    return {"model": detector, "backbone": str(params["backbone"]), "schedule": f"{epochs} {scheduled}"}
