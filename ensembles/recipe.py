"""How a submission was made, in a file beside it, so that it can be made again: members, fusion, images.

Plain data; it neither predicts nor fuses.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from results.errors import InputError
from results.layout import write_atomically

SCHEMA = 1
IOU_THRESHOLD = 0.55


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a submission's content.

    Attributes:
        run: name of the run whose trials are fused.
        members: trial numbers, best first.
        weights_sha256: of each member's weights file, in the same order.
        images: the list of images to predict (COCO json).
        image_folder: where they lie.
        iou_threshold: boxes of one class that overlap more are one object.
        max_per_image: cap over all classes after the fusion, None for none.
    """

    run: str
    members: tuple[int, ...]
    weights_sha256: tuple[str, ...]
    images: str
    image_folder: str
    iou_threshold: float = IOU_THRESHOLD
    max_per_image: int | None = 100


def provenance_path(submission: Path) -> Path:
    """Where a submission's recipe lies: `submission.json` -> `submission.provenance.json`."""
    return submission.with_name(f"{submission.stem}.provenance.json")


def write_recipe(path: Path, recipe: Recipe, scores: Mapping[str, object]) -> None:
    """Writes the recipe, with the validation scores it was chosen by."""
    content = {"schema": SCHEMA, "recipe": asdict(recipe), "validation": dict(scores)}
    write_atomically(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_recipe(path: Path) -> Recipe:
    """The inverse of `write_recipe`.

    Raises:
        InputError: the file is missing or holds no recipe.
    """
    remedy = "give the .provenance.json that ensembles.build wrote beside a submission"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        fields = content["recipe"]
        if content["schema"] != SCHEMA:
            raise InputError(f"--rebuild reads recipes of schema {SCHEMA}", f"{path}: {content['schema']}", remedy)
        if not isinstance(fields["run"], str):
            raise TypeError("run is a name")
        tuples = {name: tuple(fields[name]) for name in ("members", "weights_sha256")}
        return Recipe(**{**fields, **tuples})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError("--rebuild names a recipe", f"{path} ({error})", remedy) from error
