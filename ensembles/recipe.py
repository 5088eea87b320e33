"""How a submission was made, in a file beside it, so that it can be made again: members, fusion, images.

Plain data; it neither predicts nor fuses.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from results.errors import InputError
from results.layout import write_atomically

SCHEMA = 2  # 1 was fused so that boxes of one member could merge
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

    def of(self, members: Sequence[int]) -> "Recipe":
        """The recipe with some of its members only."""
        sha256 = dict(zip(self.members, self.weights_sha256, strict=True))
        return replace(self, members=tuple(members), weights_sha256=tuple(sha256[one] for one in members))


def provenance_path(submission: Path) -> Path:
    """Where a submission's recipe lies: `submission.json` -> `submission.provenance.json`."""
    return submission.with_name(f"{submission.stem}.provenance.json")


def validation_path(submission: Path) -> Path:
    """Where the same fusion's detections on the validation images lie, as a submission for those."""
    return submission.with_name(f"{submission.stem}.validation.json")


def write_recipes(path: Path, recipes: Sequence[Recipe], scores: Mapping[str, object]) -> None:
    """Writes the recipe of each run that is fused, with the validation scores they were chosen by."""
    parts = [asdict(recipe) for recipe in recipes]
    content = {"schema": SCHEMA, "recipe": parts[0], "validation": dict(scores)}
    if len(parts) > 1:
        content["other_runs"] = parts[1:]
    write_atomically(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_recipes(path: Path) -> list[Recipe]:
    """The inverse of `write_recipes`; at least one.

    Raises:
        InputError: the file is missing or holds no recipe.
    """
    remedy = "give the .provenance.json that ensembles.build wrote beside a submission"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            again = "build again without --rebuild" if content["schema"] == 1 else remedy
            raise InputError(f"--rebuild reads recipes of schema {SCHEMA}", f"{path}: {content['schema']}", again)
        return [_recipe(fields) for fields in (content["recipe"], *content.get("other_runs", ()))]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError("--rebuild names a recipe", f"{path} ({error})", remedy) from error


def _recipe(fields: dict[str, Any]) -> Recipe:
    if not isinstance(fields["run"], str):
        raise TypeError("run is a name")
    tuples = {name: tuple(fields[name]) for name in ("members", "weights_sha256")}
    return Recipe(**{**fields, **tuples})
