"""The command `python -m ensembles.build`: the best trials of a run, or of several -> one validated submission.

Each member predicts the test images from its own checkpoint, view and solved post-processing; the predictions are fused
with equal weights. Weights fitted on the validation images looked better there and were worse on fresh data, so there
are none to fit.
"""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ensembles.recipe import Recipe, provenance_path, read_recipes, validation_path, write_recipes
from ensembles.routing import Routed, fuse_routed, joined_truth, listed, unseen
from ensembles.selection import select_kept
from ensembles.sources import Source, open_source, open_sources
from results.boxes import Detections, Images, Truth, images_from_coco, read_detections, read_truth
from results.commands import EXIT_DONE, CommandParser, run_command
from results.errors import DamagedFileError, InputError
from results.layout import RunLayout, run_named
from results.ledger import read_events
from results.ranking import scored
from results.rules import Rule
from results.scoring import score
from results.submission import check_submission, write_submission
from results.trial_manifest import check_whole, checked, prediction_files, sha256_of
from results.trial_records import trials_of
from trainables.data.dataset import Dataset
from trainables.data.subset_rule import images_of_subset


@dataclass(frozen=True)
class Options:
    """The command line as given."""

    top: int
    run: str | None
    images: Path | None
    image_folder: Path | None
    out: Path
    rebuild: Path | None


Member = tuple[Source, Recipe]  # one run with what is taken of it


@dataclass(frozen=True)
class Validated:
    """The fusion on the validation images of all runs."""

    truth: Truth
    detections: Detections


def main(arguments: Sequence[str]) -> int:
    """Runs the command."""
    options = parse_options(arguments)
    _check_out(options.out)
    if options.rebuild:
        recipes = read_recipes(options.rebuild)
        sources = [open_source(run_named(recipe.run)) for recipe in recipes]
        for source, recipe in zip(sources, recipes, strict=True):
            _check_weights(source.layout, recipe)
    else:
        sources = open_sources(options.run)
        recipes = [choose_recipe(source, options) for source in sources]
    images = images_from_coco(Path(recipes[0].images))
    members = list(zip(sources, recipes, strict=True))
    for recipe in recipes:
        print(f"run {recipe.run}: fusing trials {', '.join(map(str, recipe.members))}")
    scores, validation = judge(members)
    fused = predict_fused(members, images)
    write_checked(options.out, images, fused, sources[0].rule)
    write_provenance(options.out, members, scores, validation)
    print(f"{options.out}: {len(images)} images, {len(fused)} boxes; recipe in {provenance_path(options.out)}")
    return EXIT_DONE


def parse_options(arguments: Sequence[str]) -> Options:
    """Reads the command line."""
    parser = CommandParser(prog="python -m ensembles.build", description="Fuse the best trials of a run.")
    parser.add_argument("--top", type=int, default=5, help="how many trials to fuse, the best first (default 5)")
    parser.add_argument("--run", help="the run, or several with commas, such as those on subsets; newest if left out")
    parser.add_argument("--images", type=Path, help="image list (COCO json); the data set's test list when left out")
    parser.add_argument("--image-folder", type=Path, help="where those images lie")
    parser.add_argument("--out", type=Path, default=Path("submission.json"), help="default submission.json")
    parser.add_argument("--rebuild", type=Path, help="a submission's .provenance.json: make that submission again")
    return Options(**vars(parser.parse_args(arguments)))


def choose_recipe(source: Source, options: Options) -> Recipe:
    """The best trials and the images to predict.

    Raises:
        InputError: no trial is complete, or there is no image list.
    """
    records = trials_of(read_events(source.layout.ledger))
    with_weights = {number for number in records if source.layout.trial(number).weights.is_file()}
    ranked = [one for one in scored(records.values()) if one.number in with_weights]
    found = checked(source.layout, ranked, prediction_files, options.top)
    for line in found.lines():
        print(line)
    whole = [one for one in records.values() if one.number not in found.damaged]
    selection = select_kept(whole, options.top, with_weights)
    if selection.notice:
        print(selection.notice)
    members = tuple(trial.number for trial in selection.trials)
    images, folder = _test_images(source.dataset, options)
    hashes = tuple(sha256_of(source.layout.trial(number).weights) for number in members)
    cap = _cap_of(source.layout, members[0])
    return Recipe(source.layout.name, members, hashes, str(images), str(folder), max_per_image=cap)


def judge(members: Sequence[Member]) -> tuple[dict[str, object], Validated]:
    """Prints and returns the members' validation scores and the fusion's, and what was fused.

    A member is scored on the validation images of its own run, the fusion on those of all.
    """
    # The trials' own copies: the annotation files may have changed since they were scored.
    boxes = [(source, number, source.layout.trial(number)) for source, recipe in members for number in recipe.members]
    truths = [read_truth(trial.truth) for _, _, trial in boxes]
    found = [read_detections(trial.detections)[0] for _, _, trial in boxes]
    rule = members[0][0].rule
    scores = [score(truth, one, rule).score for truth, one in zip(truths, found, strict=True)]
    for (source, number, _), value in zip(boxes, scores, strict=True):
        print(f"  {_label(source, number, members)}  validation score {_shown(value)}")
    routed = [
        Routed(one, truth.images.image_id, source.category_ids(number))
        for one, truth, (source, number, _) in zip(found, truths, boxes, strict=True)
    ]
    validated = Validated(joined_truth(truths), fuse_members(routed, members[0][1]))
    fused = score(validated.truth, validated.detections, rule).score
    print_fusion(fused, scores[0] if len(members) == 1 else None)
    return {"members": scores, "fusion": fused}, validated


def print_fusion(fused: float | None, best: float | None) -> None:
    """Says what the fusion scores; beside the best trial, where the members share their images."""
    beside = "" if best is None else f"  (best single trial {_shown(best)})"
    print(f"  fusion     validation score {_shown(fused)}{beside}")
    if fused is not None and best is not None and fused < best:
        print("  the fusion is below the best single trial: weak members cost more than they add; try a smaller --top")


def predict_fused(members: Sequence[Member], images: Images) -> Detections:
    """The fusion's detections on the images, each predicted by the members whose run's subset holds it."""
    routed = [one for source, recipe in members for one in predict_members(source, recipe, images)]
    left = unseen(images, routed)
    if left:
        print(f"  {left} images belong to no run's subset: they get no box")
    return fuse_members(routed, members[0][1])


def predict_members(source: Source, recipe: Recipe, images: Images) -> list[Routed]:
    """Each member's detections on the images of its run's subset, from its checkpoint."""
    from trainables.predict import image_files  # torch: only once the input is known to be good
    from trainables.trained import load_trial

    folder = Path(recipe.image_folder)
    own = listed(images, images_of_subset(source.subset, images, folder))
    routed = []
    for number in recipe.members:
        found = load_trial(source.layout.trial(number)).predict(image_files(own, folder))
        routed.append(Routed(found, own.image_id, source.category_ids(number)))
        print(f"  trial {number:>3}  {len(own)} images predicted, {len(found)} boxes", flush=True)
    return routed


def fuse_members(members: Sequence[Routed], recipe: Recipe) -> Detections:
    """One set of detections from the members', equally weighted and capped."""
    return fuse_routed(members, recipe.iou_threshold, recipe.max_per_image)


def write_provenance(out: Path, members: Sequence[Member], scores: dict[str, object], validation: Validated) -> None:
    """The recipes beside the submission and in the runs' folders, and the fusion's validation detections."""
    write_recipes(provenance_path(out), [recipe for _, recipe in members], scores)
    for source, recipe in members:  # in the run's folder, too: a search keeps the weights that are named there
        write_recipes(source.layout.recipe(out), [recipe], scores)
    write_submission(validation_path(out), validation.truth.images, validation.detections)


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
        check_whole(layout.trial(number), prediction_files(layout.trial(number)))
        if sha256_of(layout.trial(number).weights) != expected:
            remedy = "restore the run's folder, or build anew without --rebuild"
            raise InputError("--rebuild needs the weights it was made from", f"other weights in trial {number}", remedy)


def _label(source: Source, number: int, members: Sequence[Member]) -> str:
    return f"trial {number:>3}" if len(members) == 1 else f"{source.layout.name} trial {number:>3}"


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


if __name__ == "__main__":
    sys.exit(run_command(main))
