"""What the post tier makes of a small drawn set of raw detections, as plain values: how its settings are compared.

Half of the classes have true boxes that overlap, so that suppression must be mild; the others have doubles, so that it
must be harsh. A long tail of weak false boxes is there to be cut, and more boxes than a small cap lets through. Imports
no torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from results.boxes import Category, Detections, FloatArray, Images, IntArray, Truth
from results.postprocess import PostSpec
from results.rules import Rule
from results.solution import apply_solution
from results.solve import solve

_IMAGES = 60
_SIDE_PX = 400
_CELLS = 4
_BOX_PX = 60.0
_SHIFT_PX = 15.0
_OBJECTS, _FALSE = 3, 8
_SPECK_PX = 5.0
_SPECKS_IN_A_ROW = 20
# So many that the sliver of a tail which a cutoff drops is a box.
_LONG_TAIL, _SHORT_TAIL = 94, 12
_TAIL_SCORES = (0.002, 0.02)
_CLASSES = 4


@dataclass(frozen=True)
class _DrawnClass:
    """Truth boxes (G, 4) and their images (G,); detections (N, 4), their images and scores (N,)."""

    truth: FloatArray
    truth_image: IntArray
    boxes: FloatArray
    image: IntArray
    scores: FloatArray


def post_outcome(post: Mapping[str, Any], rule: Rule) -> dict[str, str]:
    """What is chosen and what is left, each under the name of the setting that decides most about it.

    Args:
        post: the fields of a `PostSpec`.
        rule: what is optimised.
    """
    truth, raw = drawn_set(rule)
    spec = PostSpec(**{**post, "nms": tuple(post["nms"])})
    solution = solve(truth, raw, rule, spec, seed=0)
    left = apply_solution(raw, solution)
    best, exact = solution.global_setting, solution.exact_score
    own = sum(setting != best for setting in solution.setting_of.values())
    cut = [value for value in solution.cutoff_of.values() if value > 0]
    return {
        "nms": f"{best.label()}, best of {solution.settings_tried}",
        "per_class": f"own settings in {own} of {len(solution.setting_of)} classes",
        "cutoffs": f"scores below {max(cut):.4g} cut in {len(cut)} classes" if cut else "nothing cut",
        "max_per_image": f"at most {max(np.bincount(left.image_id), default=0)} boxes an image",
        "search": "by itself" if exact is None else f"beside an exact search that earns {exact}",
        "suppress": f"earns {solution.score.score}",
        "boxes": str(len(left)),
    }


def drawn_set(rule: Rule) -> tuple[Truth, Detections]:
    """The same truth and raw detections every time, in the first categories of a rule."""
    random = np.random.default_rng(0)
    ids = ([category.id for category in rule.categories] or list(range(1, _CLASSES + 1)))[:_CLASSES]
    parts = [_drawn_class(random, place) for place in range(len(ids))]
    truth_image = np.concatenate([part.truth_image for part in parts])
    numbers = np.arange(1, _IMAGES + 1)
    sides_px = np.full(_IMAGES, _SIDE_PX)
    truth = Truth(
        images=Images(numbers, tuple(f"{number}.png" for number in numbers), sides_px, sides_px),
        categories=tuple(Category(id_, f"class {id_}") for id_ in ids),
        annotation_id=np.arange(len(truth_image)),
        image_id=truth_image,
        category_id=np.repeat(ids, [len(part.truth) for part in parts]),
        boxes_xywh=np.concatenate([part.truth for part in parts]),
        is_crowd=np.zeros(len(truth_image), dtype=bool),
    )
    raw = Detections(
        image_id=np.concatenate([part.image for part in parts]),
        category_id=np.repeat(ids, [len(part.boxes) for part in parts]),
        boxes_xywh=np.concatenate([part.boxes for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
    )
    return truth, raw


def _drawn_class(random: np.random.Generator, place: int) -> _DrawnClass:
    """The class at a place among the others: every second one has overlapping truth, the first one the long tail."""
    overlapping = bool(place % 2)
    cells = random.permuted(np.tile(np.arange(_CELLS**2), (_IMAGES, 1)), axis=1)
    image = np.arange(1, _IMAGES + 1)
    first = _boxes(cells[:, :_OBJECTS].ravel())
    second = first + np.array([_SHIFT_PX, 0.0, 0.0, 0.0])
    false = _boxes(cells[:, _OBJECTS : _OBJECTS + _FALSE].ravel())
    tail = _specks(_LONG_TAIL if place == 0 else _SHORT_TAIL)
    of_objects, of_false, of_tail = (np.repeat(image, len(boxes) // _IMAGES) for boxes in (first, false, tail))
    score = random.uniform(0.1, 0.9, len(first))
    # Beside a box of its own truth, or a weaker double of the first.
    beside = random.uniform(0.1, 0.9, len(first)) if overlapping else score * random.uniform(0.6, 1.0, len(first))
    return _DrawnClass(
        truth=np.concatenate([first, second]) if overlapping else first,
        truth_image=np.concatenate([of_objects, of_objects]) if overlapping else of_objects,
        boxes=np.concatenate([first, second, false, tail]),
        image=np.concatenate([of_objects, of_objects, of_false, of_tail]),
        # Squared: most false boxes are weak, and some are stronger than true ones.
        scores=np.concatenate(
            [
                score,
                beside,
                0.6 * random.uniform(0.2, 1.0, len(false)) ** 2,
                random.uniform(*_TAIL_SCORES, len(tail)),
            ]
        ),
    )


def _boxes(cells: IntArray) -> FloatArray:
    """A box in each of the cells that an image is divided into."""
    corner = np.stack([cells % _CELLS, cells // _CELLS], axis=1) * (_SIDE_PX / _CELLS)
    return np.hstack([corner, np.full((len(cells), 2), _BOX_PX)])


def _specks(count: int) -> FloatArray:
    """The same boxes in every image, small and apart, so that no suppression touches them."""
    row = np.arange(count)
    corner = np.stack([row % _SPECKS_IN_A_ROW, row // _SPECKS_IN_A_ROW], axis=1) * (_SIDE_PX / _SPECKS_IN_A_ROW)
    return np.tile(np.hstack([corner, np.full((count, 2), _SPECK_PX)]), (_IMAGES, 1))
