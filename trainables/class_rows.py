"""Rows of a detector's class outputs, copied from a detector of other classes by the classes' names.

Which outputs have rows for classes, and how many a class, shows when the same detector is built for one class more. A
class that the other detector has not keeps its rows as they are; a background has the same meaning in both.

    region heads    scores C + 1 (the background last) or C, boxes of their own C x 4: a class's rows lie together
    dense heads     A boxes of a place x C: a box's rows lie together

Source: mmdet 3's heads (`BBoxHead.loss`, `BaseDenseHead.predict_by_feat`) for where rows lie. Builds and loads nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

State = Mapping[str, Tensor]

_REGIONS = "roi_head."


@dataclass(frozen=True)
class ClassRows:
    """Where the rows of an output lie.

    Attributes:
        each: rows of a class.
        background: 1 where the background has rows, after the last class; else 0.
        together: whether a class's rows lie together, or a row of every class does.
    """

    each: int
    background: int
    together: bool

    def by_class(self, tensor: Tensor) -> Tensor:
        """A view (classes and background, rows of a class, ...) of an output's weight or bias."""
        if self.together:
            return tensor.view(-1, self.each, *tensor.shape[1:])
        return tensor.view(self.each, -1, *tensor.shape[1:]).transpose(0, 1)

    def count(self, tensor: Tensor) -> int:
        """Classes that the output is of; -1 where its rows are of no whole number of them."""
        return -1 if len(tensor) % self.each else len(tensor) // self.each - self.background


def class_rows(own: State, wider: State, count: int) -> dict[str, ClassRows]:
    """The class outputs of a detector.

    Args:
        own: its state.
        wider: the state of the same detector for one class more.
        count: its classes.
    """
    grown = {name: len(wider[name]) - len(tensor) for name, tensor in own.items() if tensor.shape != wider[name].shape}
    return {
        name: ClassRows(each, background, name.startswith(_REGIONS))
        for name, each in grown.items()
        for background in (0, 1)
        if len(own[name]) == each * (count + background)
    }


def matches(own: Sequence[str], given: Sequence[str]) -> dict[int, int]:
    """Places of the classes of the same name, whatever its case; of several that are given, the first."""
    places = {_word(name): place for place, name in reversed(list(enumerate(given)))}
    return {place: places[_word(name)] for place, name in enumerate(own) if _word(name) in places}


def _word(name: str) -> str:
    return name.strip().casefold()


def with_copied_rows(own: Tensor, given: Tensor, rows: ClassRows, pairs: Mapping[int, int]) -> Tensor:
    """A copy of an output's weight or bias with the rows of some classes, and of the background, taken from another.

    Args:
        own: of so many classes as `pairs` has places for.
        given: the same output of the other detector.
        rows: where they lie.
        pairs: of places of classes, here and there.
    """
    result = own.clone()
    target, source = rows.by_class(result), rows.by_class(given)
    for here, there in {**pairs, **({-1: -1} if rows.background else {})}.items():
        target[here] = source[there]
    return result
