"""Parameters that have a value for each class: from category ids, as a space gives them, to labels, as a model counts.

What a vector does is its detector's; which parameters are vectors stands in the catalogue.
"""

from collections.abc import Mapping, Sequence

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


def _values(value: object, default: object, category_ids: Sequence[int]) -> list[object]:
    if not isinstance(value, Mapping):
        return [value] * len(category_ids)
    others = value.get(_EACH, default)
    return [value.get(str(category), others) for category in category_ids]
