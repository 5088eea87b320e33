"""What a driver knows of a trial's checkpoint: the epoch that its note names. It never opens the checkpoint itself."""

import json

from results.layout import TrialLayout


def checkpoint_epoch(trial: TrialLayout) -> int:
    """The epoch that a trial would go on from, 0 where it would start anew.

    A note that cannot be read stands for no checkpoint: the worker, which reads both files, says in any case from which
    epoch it really goes on.
    """
    try:
        return int(json.loads(trial.checkpoint_note.read_bytes())["epoch"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
