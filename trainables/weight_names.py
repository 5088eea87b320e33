"""Names of tensors in files that others wrote, as this project's models have them. Looks at no value."""

import re
from collections.abc import Container, Mapping
from typing import TypeVar

_Value = TypeVar("_Value")

_BACKBONE = "backbone."
# torchvision's published DenseNets are older than its rule against points in names: denselayer1.norm.1 is norm1 now.
_POINTED = re.compile(r"(denselayer\d+\.(?:norm|conv))\.(?=[12]\.)")


def as_named(given: Mapping[str, _Value], own: Container[str]) -> dict[str, _Value]:
    """The same by the model's names.

    Args:
        given: by the file's names: of a whole detector, or of a backbone alone, as weights of ImageNet are.
        own: the model's names.
    """
    today = {_POINTED.sub(r"\1", name): value for name, value in given.items()}
    if any(name in own for name in today):
        return today
    return {_BACKBONE + name: value for name, value in today.items()}
