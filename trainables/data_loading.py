"""Seeds of the processes that load training images.

torch gives Python, NumPy and torch in each process a seed that it draws anew for every epoch, from the training's own
generator: so augmentations differ between epochs, follow the trial's seed, and go on after a checkpoint as they would
have. mmengine would set the same seed at every epoch's start.
"""


def keep_torchs_seeds(worker_id: int) -> None:
    """For a data loader's `worker_init_fn`, where leaving it out would have mmengine use its own."""
