"""What a user should know of a space before it is searched: what its trials will not do, and what it costs later.

Pure but for reading the file.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from search_spaces.space import Space
from trainables.config_file import config_about, config_tree

_ENSEMBLE = 5  # members of a usual ensemble


def config_notices(space: Space, train_images: int) -> tuple[str, ...]:
    """One line each; nothing for detectors of the catalogue.

    Args:
        space: what is searched.
        train_images: how many images an epoch shows.
    """
    if space.config is None:
        return ()
    name, about = f"config {Path(space.config).name}", config_about(space.config)
    epochs, iterations = space.search.epochs, _most_iterations(space, train_images)
    notices = [f"{name}: {', '.join(about['unused'])} of the file are not used"] if about["unused"] else []
    if "max_iters" in about["train_cfg"]:
        counted = f"it trains {about['train_cfg']['max_iters']} iterations"
        notices.append(f"{name}: {counted}, a trial at most {iterations} ({epochs} epochs): search.epochs decides")
    for unit, end, trained in (
        ("iteration", _end(space.config, False), iterations),
        ("epoch", _end(space.config, True), epochs),
    ):
        if end > trained:
            notices.append(
                f"{name}: the schedule goes on to {unit} {end}, a trial ends at {trained}; set param_scheduler"
            )
    return tuple(notices)


def _most_iterations(space: Space, train_images: int) -> int:
    sizes = [value for one in space.train if one.name == "batch_size" for value in one.domain.values()]
    smallest = min((int(size) for size in sizes if isinstance(size, int)), default=1)
    return space.search.epochs * math.ceil(train_images / smallest)


def _end(config: str, by_epoch: bool) -> int:
    """The last iteration or epoch at which the file's schedule changes something."""
    schedulers = config_tree(config)["param_scheduler"]
    listed = schedulers if isinstance(schedulers, list) else [schedulers]
    return max((_last(one) for one in listed if bool(one.get("by_epoch", True)) == by_epoch), default=0)


def _last(scheduler: Mapping[str, Any]) -> int:
    steps = scheduler.get("milestones") or [scheduler.get("T_max") or 0]
    end = scheduler.get("end")
    at = max(step for step in steps if isinstance(step, int | float)) if steps else 0
    return int(at or (end if isinstance(end, int) else 0))


def few_weights_notices(keep: int | None) -> tuple[str, ...]:
    """What it costs to keep the weights of few trials; nothing where it costs nothing."""
    if keep is None or keep >= _ENSEMBLE:
        return ()
    command = f"ensembles.build --top {_ENSEMBLE}"
    return (f"search.keep_checkpoints keeps the weights of {keep}: {command} will find no more than these",)
