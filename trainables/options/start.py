"""What becomes of the class outputs of weights that a training starts from, where their classes are not the data's."""

from collections.abc import Mapping

from trainables.notation import NONE
from trainables.parameters import choice
from trainables.published_weights import IMAGENET

FRESH, MATCHING = "fresh", "matching"

PARAMETERS = (
    choice(
        "init_heads",
        FRESH,
        (FRESH, MATCHING),
        "class outputs of init: taken where their shape fits, or by class name (matching)",
    ),
)


def _heads_conflict(parameters: Mapping[str, object]) -> str | None:
    if parameters["init_heads"] == FRESH or parameters["init"] not in (NONE, IMAGENET):
        return None
    return "init_heads: matching copies from a detector's weights; give init such a file, or write init_heads: fresh"


CONFLICTS = (_heads_conflict,)
