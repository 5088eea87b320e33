import pytest

from trainables.catalogue import DETECTORS
from trainables.effective import TrainingData, effective_config
from trainables.vectors import in_label_order

TRAIN = DETECTORS["cascade_rcnn"].train
DEFAULTS = {name: parameter.default for name, parameter in TRAIN.items()}


@pytest.mark.parametrize(
    ("given", "values"),
    [
        (1.0, [1.0, 1.0, 1.0]),
        ({"7": 0.5}, [1.0, 0.5, 1.0]),
        ({"*": 3.0, "9": 0.5}, [3.0, 3.0, 0.5]),
    ],
)
def test_values_follow_the_labels(given: object, values: list[float]) -> None:
    params = in_label_order({**DEFAULTS, "class_weights": given}, TRAIN, (2, 7, 9))
    assert params["class_weights"] == values
    assert params["lr"] == DEFAULTS["lr"]


def test_a_vector_is_part_of_what_is_built() -> None:
    data = TrainingData("train.json", "images", (2, 7), ("a", "b"))
    built = effective_config("cascade_rcnn", {**DEFAULTS, "class_weights": {"7": 0.25}}, data, seed=0)
    heads = built["model"]["roi_head"]["bbox_head"]
    assert [head["loss_cls"]["class_weight"] for head in heads] == [[1.0, 0.25, 1.0]] * 3
