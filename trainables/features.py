"""The command `python -m trainables.features`: what a finished trial's detector makes of chosen images, as PNGs.

For each image one sheet: the image with its truth and the trial's best detections, the strength of every pyramid level,
and where the detector attends, if it does. Neither trains nor scores.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np

from results.boxes import Truth, read_truth
from results.commands import EXIT_DONE, CommandParser, run_command
from results.errors import InputError
from results.layout import RunLayout, TrialLayout, chosen_run, write_atomically
from results.ledger import read_events
from results.ranking import scored
from results.trial_manifest import best_whole, check_whole, prediction_files
from results.trial_records import COMPLETE, trials_of
from trainables.data.dataset import load_dataset
from trainables.looking.choosing import Chosen, chosen_images

_LEAST_SHOWN = 5


@dataclass(frozen=True)
class Options:
    """The command line as given."""

    run: str | None
    trial: int | None
    images: tuple[str, ...]
    out: Path


def main(arguments: Sequence[str]) -> int:
    """Runs the command."""
    options = parse_options(arguments)
    run = chosen_run(options.run)
    number = chosen_trial(run, options.trial)
    layout = run.trial(number)
    check_whole(layout, prediction_files(layout))
    truth = read_truth(layout.truth)
    dataset = load_dataset(Path(str(read_events(run.ledger)[0]["dataset"])))
    chosen = chosen_images(options.images, truth, dataset)
    print(f"run {run.name}, trial {number}")
    for image, png in zip(chosen, sheets(layout, chosen, truth), strict=True):
        path = options.out / f"trial_{number:04d}_{image.stem}.png"
        write_atomically(path, png)
        print(path)
    return EXIT_DONE


def parse_options(arguments: Sequence[str]) -> Options:
    """Reads the command line."""
    parser = CommandParser(prog="python -m trainables.features", description="Look inside a trial's detector.")
    parser.add_argument("--run", help="the run; newest if left out")
    parser.add_argument("--trial", type=int, help="its number; the best whose weights were kept if left out")
    parser.add_argument(
        "--images",
        nargs="+",
        default=[],
        metavar="IMAGE",
        help="ids or file names of validation or test images, or paths; the fullest three of val if left out",
    )
    parser.add_argument("--out", type=Path, default=Path("features"), metavar="DIR", help="default features")
    parsed = parser.parse_args(arguments)
    return Options(parsed.run, parsed.trial, tuple(parsed.images), parsed.out)


def chosen_trial(run: RunLayout, number: int | None) -> int:
    """The trial that is meant: COMPLETE, with its weights.

    Raises:
        InputError: there is no such trial.
    """
    records = trials_of(read_events(run.ledger))
    kept = [one.number for one in scored(records.values()) if run.trial(one.number).weights.is_file()]
    remedy = f"take one of {', '.join(map(str, kept))}" if kept else "let the search go on, or take another --run"
    if number is None and kept:
        return best_whole(run, records.values(), kept)
    if number is not None and number not in records:
        raise InputError(f"--trial is a number of run {run.name}", number, remedy)
    whole = number is not None and records[number].state == COMPLETE and run.trial(number).weights.is_file()
    if number is None or not whole:
        shown = "none" if number is None else f"trial {number}, {records[number].state}"
        raise InputError("a detector is looked into that is COMPLETE and whose weights were kept", shown, remedy)
    return number


def sheets(layout: TrialLayout, chosen: Sequence[Chosen], truth: Truth) -> list[bytes]:
    """The PNG of each image.

    Raises:
        CorruptImageError: an image cannot be read.
    """
    # Torch and matplotlib: only once the input is known to be good.
    from trainables.looking.capturing import captured
    from trainables.looking.sheet import DPI, Picture, feature_sheet
    from trainables.shots import ImageFile, load_pixels
    from trainables.trained import load_trial

    trial = load_trial(layout)
    pngs = []
    for image in chosen:
        file = ImageFile(0 if image.val_id is None else image.val_id, image.path)
        own = truth.select(truth.image_id == image.val_id)
        found = trial.predict([file])
        best = np.argsort(-found.scores, kind="stable")[: max(len(own), _LEAST_SHOWN)]
        found = found.select(best)
        picture = Picture(
            f"{image.name}: truth green, best detections red",
            np.ascontiguousarray(load_pixels(file)[:, :, ::-1]),
            own.boxes_xywh,
            own.category_id,
            found.boxes_xywh,
            found.category_id,
            found.scores,
        )
        figure = feature_sheet(picture, captured(trial.model, trial.view.shots_of(file)[0], trial.view))
        buffer = BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI)
        pngs.append(buffer.getvalue())
    return pngs


if __name__ == "__main__":
    sys.exit(run_command(main))
