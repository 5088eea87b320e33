"""The command `python -m ensembles.build`: the best trials of a run, or of several -> one validated submission.

Each member predicts the test images from its own checkpoint, view and solved post-processing; the predictions are fused
with equal weights, unless the best member alone is better (`ensembles.judging`). Weights fitted on the validation
images looked better there and were worse on fresh data, so there are none to fit.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ensembles.image_list import checked_source, image_source, openable_list
from ensembles.judging import METHODS, Judgement, Method, judge, judgement_lines
from ensembles.recipe import Recipe, provenance_path, read_recipes, validation_path, write_recipes
from ensembles.routing import Routed, fuse_routed, listed, unseen
from ensembles.selection import select_kept
from ensembles.sources import Member, Source, open_source, open_sources
from results.boxes import Detections, Images, images_from_coco
from results.commands import EXIT_DONE, CommandParser, run_command
from results.errors import DamagedFileError, InputError
from results.layout import RunLayout, run_named
from results.ledger import read_events
from results.ranking import scored
from results.rules import Rule
from results.submission import FORMATS, Format, check_submission, write_submission
from results.trial_manifest import check_whole, checked, prediction_files, sha256_of
from results.trial_records import trials_of
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
    method: Method
    format: Format


@dataclass(frozen=True)
class Part:
    """One run with what is taken of it."""

    source: Source
    recipe: Recipe

    @property
    def members(self) -> list[Member]:
        """Its trials, best first."""
        return [Member(self.source, number) for number in self.recipe.members]


def main(arguments: Sequence[str]) -> int:
    """Runs the command."""
    options = parse_options(arguments)
    _check_out(options.out)
    parts = _parts_of(options.rebuild) if options.rebuild else _chosen_parts(options)
    images = images_from_coco(Path(parts[0].recipe.images))
    shown = openable_list(images, Path(parts[0].recipe.image_folder), parts[0].source.dataset.allow_damaged)
    for part in parts:
        print(f"run {part.recipe.run}: judging trials {', '.join(map(str, part.recipe.members))}")
    judgement = judge_parts(parts, "wbf" if options.rebuild else options.method)
    parts = taken_parts(parts, judgement)
    fused = predict_fused(parts, shown)
    write_checked(options, images, fused, parts[0].source.rule)
    write_provenance(options.out, parts, judgement)
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
    parser.add_argument(
        "--method",
        choices=METHODS,
        default="auto",
        help="wbf fuses, best submits the best trial; auto (default) takes the better",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="contest",
        help="contest (default), or coco: a plain list of results, as pycocotools' loadRes takes it",
    )
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
    test = image_source(source.dataset, options.images, options.image_folder)
    hashes = tuple(sha256_of(source.layout.trial(number).weights) for number in members)
    cap = _cap_of(source.layout, members[0])
    return Recipe(source.layout.name, members, hashes, str(test.image_list), str(test.folder), max_per_image=cap)


def judge_parts(parts: Sequence[Part], method: Method) -> Judgement:
    """Scores members, fusion and best member on the validation images, and prints what was found and is taken."""
    members = [member for part in parts for member in part.members]
    judgement = judge(members, method, parts[0].recipe.max_per_image)
    print("\n".join(judgement_lines(judgement, method, _labels(members))))
    return judgement


def taken_parts(parts: Sequence[Part], judgement: Judgement) -> list[Part]:
    """The runs with those members only that are submitted; a run without any is left out."""
    submitted = {one.member for one in judgement.submitted.members}
    kept = [[one for one in part.members if one in submitted] for part in parts]
    return [
        Part(part.source, part.recipe.of([one.number for one in some]))
        for part, some in zip(parts, kept, strict=True)
        if some
    ]


def predict_fused(parts: Sequence[Part], images: Images) -> Detections:
    """The submission's detections, each image predicted by the members whose run's subset holds it."""
    routed = [one for part in parts for one in predict_members(part.source, part.recipe, images)]
    left = unseen(images, routed)
    if left:
        print(f"  {left} images belong to no run's subset: they get no box")
    recipe = parts[0].recipe
    return fuse_routed(routed, recipe.iou_threshold, recipe.max_per_image)


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


def write_provenance(out: Path, parts: Sequence[Part], judgement: Judgement) -> None:
    """The recipes next to the submission and in the runs' folders, and what is submitted on the validation images."""
    scores = judgement.record()
    write_recipes(provenance_path(out), [part.recipe for part in parts], scores)
    for part in parts:  # in the run's folder, too: a search keeps the weights that are named there
        write_recipes(part.source.layout.recipe(out), [part.recipe], scores)
    write_submission(validation_path(out), judgement.truth.images, judgement.submitted.detections)


def write_checked(options: Options, images: Images, detections: Detections, rule: Rule) -> None:
    """Writes the submission and validates it; a file that fails is not left behind under its name.

    Raises:
        DamagedFileError: what was written is not a valid submission: a fault of this program, not of its user.
    """
    candidate = options.out.with_name(f".{options.out.name}.candidate")
    try:
        write_submission(candidate, images, detections, options.format)
        check_submission(candidate, images, rule)
        candidate.replace(options.out)
    except InputError as error:
        raise DamagedFileError(f"the submission written for {options.out} is not valid: {error.line()}") from error
    finally:
        candidate.unlink(missing_ok=True)


def _chosen_parts(options: Options) -> list[Part]:
    return [Part(source, choose_recipe(source, options)) for source in open_sources(options.run)]


def _parts_of(provenance: Path) -> list[Part]:
    """What a recipe says, with the weights and images that it was made from.

    Raises:
        InputError: weights have changed, or images are missing.
    """
    parts = [Part(open_source(run_named(recipe.run)), recipe) for recipe in read_recipes(provenance)]
    for part in parts:
        _check_weights(part.source.layout, part.recipe)
        allow_missing = part.source.dataset.allow_damaged
        checked_source(Path(part.recipe.images), [Path(part.recipe.image_folder)], allow_missing)
    return parts


def _check_out(path: Path) -> None:
    if path.is_dir() or not path.name:
        raise InputError("--out is a file", path, "give a file name, such as submission.json")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise InputError(
            "--out lies in a folder that can be written", path.parent, "make the folder, or choose another"
        )


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


def _labels(members: Sequence[Member]) -> Mapping[Member, str]:
    several = len({one.source for one in members}) > 1
    return {
        one: f"{one.source.layout.name} trial {one.number:>3}" if several else f"trial {one.number:>3}"
        for one in members
    }


if __name__ == "__main__":
    sys.exit(run_command(main))
