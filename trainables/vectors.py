"""Parameters that have a value for each class: from category ids, as a space gives them, to labels, as a model counts.

What a vector does is its detector's; which parameters are vectors stands in the catalogue.
"""

from collections.abc import Mapping, Sequence

from trainables.notation import RULE
from trainables.parameters import Parameter

_EACH = "*"


def in_label_order(
    params: Mapping[str, object], parameters: Mapping[str, Parameter], category_ids: Sequence[int]
) -> dict[str, object]:
    """The parameters with a list of values, one a label, in the place of every vector.

    Args:
        params: of a trial; a vector is one value for all classes, or a mapping of category ids (text) to values, in
            which "*" stands for the classes that it does not name.
        parameters: the detector's.
        category_ids: category id of each label.
    """
    vectors = {name: one.default for name, one in parameters.items() if one.per_class}
    return {**params, **{name: _values(params[name], default, category_ids) for name, default in vectors.items()}}


def with_rule_weights(
    params: Mapping[str, object], parameters: Mapping[str, Parameter], weights: Sequence[float]
) -> dict[str, object]:
    """The parameters with the rule's class weights, scaled to a mean of 1, where a vector's value is the word "rule".

    Args:
        params: with vectors in label order.
        parameters: the detector's.
        weights: of each label in the score; without any, all weigh 1.
    """
    vectors = [name for name, one in parameters.items() if one.per_class]
    return {**params, **{name: _weighted(params[name], weights) for name in vectors}}


def mean_of_one(weights: Sequence[float]) -> list[float]:
    """The rule's class weights, scaled so that they weigh 1 on average; none without any."""
    scale = len(weights) / sum(weights) if weights else 1.0
    return [scale * weight for weight in weights]


def _weighted(values: object, weights: Sequence[float]) -> list[object]:
    listed = values if isinstance(values, list) else []
    scaled = mean_of_one(weights) or [1.0] * len(listed)
    return [scaled[label] if one == RULE else one for label, one in enumerate(listed)]


def _values(value: object, default: object, category_ids: Sequence[int]) -> list[object]:
    if not isinstance(value, Mapping):
        return [value] * len(category_ids)
    others = value.get(_EACH, default)
    return [value.get(str(category), others) for category in category_ids]
