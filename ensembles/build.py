"""The command `python -m ensembles.build`: the best trials of a run -> one validated submission.

Each member predicts the test images from its own checkpoint, view and solved post-processing; the predictions are fused
with equal weights. Weights fitted on the validation images looked better there and were worse on fresh data, so there
are none to fit.
"""

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ensembles.fusion import fuse
from ensembles.recipe import Recipe, provenance_path, read_recipe, write_recipe
from ensembles.selection import select_kept
from results.boxes import Detections, Images, images_from_coco, read_detections, read_truth
from results.commands import EXIT_DONE, CommandParser, run_command
from results.errors import DamagedFileError, InputError
from results.layout import RunLayout, chosen_run, run_named
from results.ledger import read_events
from results.postprocess import cap_per_image
from results.rules import Rule, load_rule
from results.scoring import score
from results.submission import check_submission, write_submission
from results.trial_records import trials_of
from trainables.data.dataset import Dataset, load_dataset


@dataclass(frozen=True)
class Options:
    """The command line as given."""

    top: int
    run: str | None
    images: Path | None
    image_folder: Path | None
    out: Path
    rebuild: Path | None


@dataclass(frozen=True)
class Source:
    """Where the members come from.

    Attributes:
        layout: the run.
        dataset: its data.
        rule: its rule.
    """

    layout: RunLayout
    dataset: Dataset
    rule: Rule


def main(arguments: Sequence[str]) -> int:
    """Runs the command."""
    options = parse_options(arguments)
    _check_out(options.out)
    if options.rebuild:
        recipe = read_recipe(options.rebuild)
        source = open_source(run_named(recipe.run))
        _check_weights(source.layout, recipe)
    else:
        source = open_source(chosen_run(options.run))
        recipe = choose_recipe(source, options)
    images = images_from_coco(Path(recipe.images))
    print(f"run {recipe.run}: fusing trials {', '.join(map(str, recipe.members))}")
    scores = validation_scores(source, recipe)
    fused = fuse_members(predict_members(source.layout, recipe, images), recipe)
    write_checked(options.out, images, fused, source.rule)
    for path in (provenance_path(options.out), source.layout.recipe(options.out)):
        write_recipe(path, recipe, scores)  # in the run's folder, too: a search keeps the weights that are named there
    print(f"{options.out}: {len(images)} images, {len(fused)} boxes; recipe in {provenance_path(options.out)}")
    return EXIT_DONE


def parse_options(arguments: Sequence[str]) -> Options:
    """Reads the command line."""
    parser = CommandParser(prog="python -m ensembles.build", description="Fuse the best trials of a run.")
    parser.add_argument("--top", type=int, default=5, help="how many trials to fuse, the best first (default 5)")
    parser.add_argument("--run", help="name of the run; the newest when left out")
    parser.add_argument("--images", type=Path, help="image list (COCO json); the data set's test list when left out")
    parser.add_argument("--image-folder", type=Path, help="where those images lie")
    parser.add_argument("--out", type=Path, default=Path("submission.json"), help="default submission.json")
    parser.add_argument("--rebuild", type=Path, help="a submission's .provenance.json: make that submission again")
    return Options(**vars(parser.parse_args(arguments)))


def open_source(layout: RunLayout) -> Source:
    """The run's data and rule, as its ledger's first line names them."""
    header = read_events(layout.ledger)[0]
    return Source(layout, load_dataset(Path(str(header["dataset"]))), load_rule(str(header["rule"])))


def choose_recipe(source: Source, options: Options) -> Recipe:
    """The best trials and the images to predict.

    Raises:
        InputError: no trial is complete, or there is no image list.
    """
    records = trials_of(read_events(source.layout.ledger))
    kept = {number for number in records if source.layout.trial(number).weights.is_file()}
    selection = select_kept(records.values(), options.top, kept)
    if selection.notice:
        print(selection.notice)
    members = tuple(trial.number for trial in selection.trials)
    images, folder = _test_images(source.dataset, options)
    hashes = tuple(_sha256(source.layout.trial(number).weights) for number in members)
    cap = _cap_of(source.layout, members[0])
    return Recipe(source.layout.name, members, hashes, str(images), str(folder), max_per_image=cap)


def validation_scores(source: Source, recipe: Recipe) -> dict[str, object]:
    """Prints and returns the members' validation scores and the fusion's."""
    # The trials' own copy: the annotation file may have changed since they were scored.
    truth = read_truth(source.layout.trial(recipe.members[0]).truth)
    members = [read_detections(source.layout.trial(number).detections)[0] for number in recipe.members]
    scores = [score(truth, detections, source.rule).score for detections in members]
    for number, value in zip(recipe.members, scores, strict=True):
        print(f"  trial {number:>3}  validation score {_shown(value)}")
    fused = score(truth, fuse_members(members, recipe), source.rule).score
    print(f"  fusion     validation score {_shown(fused)}  (best single trial {_shown(scores[0])})")
    if fused is not None and scores[0] is not None and fused < scores[0]:
        print("  the fusion is below the best single trial: weak members cost more than they add; try a smaller --top")
    return {"members": scores, "fusion": fused}


def predict_members(layout: RunLayout, recipe: Recipe, images: Images) -> list[Detections]:
    """Each member's detections on the images, from its checkpoint."""
    from trainables.predict import image_files  # torch: only once the input is known to be good
    from trainables.trained import load_trial

    files = image_files(images, Path(recipe.image_folder))
    detections = []
    for number in recipe.members:
        detections.append(load_trial(layout.trial(number)).predict(files))
        print(f"  trial {number:>3}  {len(images)} images predicted, {len(detections[-1])} boxes", flush=True)
    return detections


def fuse_members(members: Sequence[Detections], recipe: Recipe) -> Detections:
    """One set of detections from the members', equally weighted and capped."""
    fused = fuse(members, iou_threshold=recipe.iou_threshold)
    return cap_per_image(fused, recipe.max_per_image)


def write_checked(path: Path, images: Images, detections: Detections, rule: Rule) -> None:
    """Writes the submission and validates it; a file that fails is not left behind under its name.

    Raises:
        DamagedFileError: what was written is not a valid submission: a fault of this program, not of its user.
    """
    candidate = path.with_name(f".{path.name}.candidate")
    try:
        write_submission(candidate, images, detections)
        check_submission(candidate, images, rule)
        candidate.replace(path)
    except InputError as error:
        raise DamagedFileError(f"the submission written for {path} is not valid: {error.line()}") from error
    finally:
        candidate.unlink(missing_ok=True)


def _check_out(path: Path) -> None:
    if path.is_dir() or not path.name:
        raise InputError("--out is a file", path, "give a file name, such as submission.json")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise InputError(
            "--out lies in a folder that can be written", path.parent, "make the folder, or choose another"
        )


def _test_images(dataset: Dataset, options: Options) -> tuple[Path, Path]:
    if options.images:
        folder = options.image_folder or options.images.parent
        return options.images.resolve(), folder.resolve()
    if dataset.test is None:
        remedy = "give --images TEST.json --image-folder DIR, or add test: to the data set's file"
        raise InputError("a submission needs a list of test images", f"{dataset.path} names none", remedy)
    return dataset.test.image_list, options.image_folder or dataset.test.images


def _cap_of(layout: RunLayout, number: int) -> int | None:
    job = json.loads(layout.trial(number).config.read_text(encoding="utf-8"))["job"]
    cap: int | None = job["post"]["max_per_image"]
    return cap


def _check_weights(layout: RunLayout, recipe: Recipe) -> None:
    for number, expected in zip(recipe.members, recipe.weights_sha256, strict=True):
        if _sha256(layout.trial(number).weights) != expected:
            remedy = "restore the run's folder, or build anew without --rebuild"
            raise InputError("--rebuild needs the weights it was made from", f"other weights in trial {number}", remedy)


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DamagedFileError(
            f"a complete trial keeps its weights in {path}; they cannot be read ({error})"
        ) from error


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


if __name__ == "__main__":
    sys.exit(run_command(main))
