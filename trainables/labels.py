"""What people call a trial: the words that a leaderboard shows for its model, backbone and schedule."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from trainables.detectors import configured

# Detectors on a network of their own, which is no parameter.
_OWN_BACKBONES = {"rtmdet": "cspnext"}


def trial_words(detector: str, params: Mapping[str, object]) -> dict[str, str]:
    """`model`, `backbone` and `schedule` of a trial with these parameters."""
    epochs = f"{params['epochs']}e"
    if detector == configured.NAME:
        model = PurePosixPath(str(params["config"])).stem
        return {"model": model, "backbone": configured.backbone_word(params), "schedule": epochs}
    scheduled = params["lr_steps"] if params["schedule"] == "step" else "cosine"
    backbone = _OWN_BACKBONES.get(detector) or str(params["backbone"])
    return {"model": detector, "backbone": backbone, "schedule": f"{epochs} {scheduled}"}
