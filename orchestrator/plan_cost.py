"""What a search would cost, from one measured iteration of its default point: lines of the dry run. Pure."""

from orchestrator.jobs import rung_epochs
from orchestrator.settings import Settings
from orchestrator.slots import Slots
from search_spaces.points import default_point, distinct_points, predict_settings
from trainables.proof.exchange import Iteration

_MIB, _GIB = 2**20, 2**30
_MINUTE_S, _HOUR_S = 60, 3600
_FLOAT_BYTES = 4


def cost_lines(settings: Settings, iteration: Iteration | None, slots: Slots) -> list[str]:
    """What the search would take if every trial were the default point's.

    Args:
        settings: the checked search.
        iteration: of the default point; None where nothing is trained.
        slots: of this machine.
    """
    if iteration is None:
        return []
    trials = min(settings.trials, distinct_points(settings.space) or settings.trials)
    count = (
        f"{iteration.per_epoch} iterations x {iteration.epochs} epochs x {trials} trials, {slots.count} at once here"
    )
    return [
        f"cost, if every trial were the default point's: {count}",
        f"    {_time(settings, iteration, trials / slots.count)}",
        f"memory: {_memory(iteration)}",
    ]


def _time(settings: Settings, iteration: Iteration, rounds: float) -> str:
    if iteration.seconds is None or iteration.image_seconds is None:
        hours = iteration.per_epoch * iteration.epochs * rounds / _HOUR_S
        why = f"an iteration was not measured ({iteration.reason})"
        return f"{why}; each second that one takes makes {hours:.3g} h"
    trial_s = trial_seconds(settings, iteration)
    measured = f"{iteration.seconds:.2g} s an iteration, {iteration.image_seconds:.2g} s a validation image"
    total = f"{_duration(trial_s)} a trial, at most {_duration(trial_s * rounds)} in all"
    return f"{measured} (measured on {iteration.device}): {total}"


def trial_seconds(settings: Settings, iteration: Iteration) -> float:
    """Training, one view at each rung, and at the end the others."""
    train_s = (iteration.seconds or 0.0) * iteration.per_epoch * iteration.epochs
    space, data = settings.space, settings.data
    passes = len(rung_epochs(space.search, iteration.epochs)) + len(predict_settings(space, default_point(space))) - 1
    return train_s + (iteration.image_seconds or 0.0) * passes * (data.summary.val.images if data else 0)


def _memory(iteration: Iteration) -> str:
    parameters = f"{iteration.parameters / 1e6:.3g} M parameters"
    if iteration.activation_bytes is None or iteration.state_bytes is None:
        return f"{parameters} ({_size(iteration.parameters * _FLOAT_BYTES)}); what training needs was not measured"
    state = f"{_size(iteration.state_bytes)} with gradients and optimizer"
    peak = "" if iteration.peak_bytes is None else f", {_size(iteration.peak_bytes)} at the peak"
    return f"{parameters}, {state}; activations of a batch {_size(iteration.activation_bytes)}{peak}"


def _size(count: int) -> str:
    return f"{count / _GIB:.2f} GiB" if count >= _GIB else f"{count / _MIB:.0f} MiB"


def _duration(seconds: float) -> str:
    if seconds >= _HOUR_S:
        return f"{seconds / _HOUR_S:.1f} h"
    return f"{seconds / _MINUTE_S:.0f} min" if seconds >= _MINUTE_S else f"{seconds:.0f} s"
