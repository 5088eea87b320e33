from collections.abc import Callable

from search_spaces.points import default_point, distinct_points, predict_settings
from search_spaces.space import Space, Swept
from search_spaces.written_form import to_yaml

LoadText = Callable[..., Space]
FaultsOf = Callable[..., list[str]]

JOINT = """train: {backbone: {choice: [small, large]}}
predict: {search: joint, scale: {sweep: [1x1, 2x2]}, flip: true}
known: [{predict.scale: 2x2}, {predict: {scale: 2x2}, backbone: large}]
forbid: [{backbone: small, predict.scale: 1x1}]
"""


def test_swept_keys_become_keys_of_the_point(load_text: LoadText) -> None:
    space = load_text(JOINT.split("forbid", maxsplit=1)[0])
    assert [(one.name, one.place) for one in space.train] == [
        ("backbone", "train.backbone"),
        ("predict.scale", "predict.scale"),
    ]
    assert space.predict == (Swept("flip", (True,)),)
    assert distinct_points(space) == 4


def test_the_point_decides_the_one_setting(load_text: LoadText) -> None:
    space = load_text(JOINT.split("forbid", maxsplit=1)[0])
    assert predict_settings(space, default_point(space)) == ({"flip": True, "scale": "1x1"},)
    assert [predict_settings(space, point) for point in space.known] == [({"flip": True, "scale": "2x2"},)] * 2


def test_known_points_and_combinations_reach_them(load_text: LoadText, faults_of: FaultsOf) -> None:
    assert "the default point" in faults_of(JOINT)[0]
    space = load_text(JOINT.replace("[1x1, 2x2]", "[2x2, 1x1]"))
    assert distinct_points(space) == 3


def test_swept_is_what_it_was(load_text: LoadText) -> None:
    space = load_text(JOINT.split("known", maxsplit=1)[0].replace("joint", "sweep"))
    assert [settings["scale"] for settings in predict_settings(space, default_point(space))] == ["1x1", "2x2"]


def test_a_joint_space_survives_writing(load_text: LoadText) -> None:
    space = load_text(JOINT.replace("[1x1, 2x2]", "[2x2, 1x1]"))
    assert load_text(to_yaml(space), head="") == space
