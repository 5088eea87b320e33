"""The command line of `python -m orchestrator.search`. Light: `--help` answers without importing the rest."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from results.commands import CommandParser

_SMALLEST_SHARE = 0.01


@dataclass(frozen=True)
class Options:
    """The command line as given; None where the user said nothing."""

    space: str
    data: str | None
    name: str | None
    profile: str
    trials: int | None
    hours: float | None
    gpus_per_trial: float | None
    address: str | None
    resume: bool
    dry_run: bool
    seed: int | None


def parse_options(arguments: Sequence[str]) -> Options:
    """Reads the command line of `python -m orchestrator.search`.

    Raises:
        InputError: it is malformed.
    """
    parser = CommandParser(
        prog="python -m orchestrator.search",
        description="Train detectors as trials on Ray, let Optuna choose them, solve post-processing exactly.",
    )
    parser.add_argument("--space", required=True, help="a space file, or the name of a shipped one (cascade.yaml)")
    parser.add_argument(
        "--data", help="demo (the default), demo-full, demo-full-round2, demo-full-noisy or a DATASET.yaml"
    )
    parser.add_argument("--name", help="name of the run; its folder is runs/NAME")
    parser.add_argument("--profile", default="auto", help="auto (full with a GPU, demo without), or one of the space's")
    parser.add_argument(
        "--trials", type=_positive_whole, help="trials of the whole search, failed and resumed ones too"
    )
    parser.add_argument(
        "--hours", type=_positive, help="of the whole search, resumed sessions too; the space's when left out"
    )
    parser.add_argument("--gpus-per-trial", type=_gpu_share, help="GPUs of one trial, may be a fraction (default 1)")
    parser.add_argument("--address", help="of a running Ray cluster; a local one is started when left out")
    parser.add_argument("--resume", action="store_true", help="finish what is unfinished in --name, or the newest run")
    parser.add_argument("--dry-run", action="store_true", help="prove that every key takes effect; start nothing")
    parser.add_argument("--seed", type=_whole, help="of every random choice (default 0)")
    return Options(**vars(parser.parse_args(arguments)))


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a whole number is needed, not {text!r}") from None


def _positive_whole(text: str) -> int:
    value = _whole(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"a whole number above 0 is needed, not {text!r}")
    return value


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"a number above 0 is needed, not {text!r}")
    return value


def _gpu_share(text: str) -> float:
    value = _positive(text)
    if not _SMALLEST_SHARE <= value <= 1:
        raise argparse.ArgumentTypeError(
            f"a trial uses one GPU or a share of it, {_SMALLEST_SHARE} to 1, received {text}"
        )
    return value
