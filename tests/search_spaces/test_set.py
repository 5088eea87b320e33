from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fake_detector import DETECTORS

from search_spaces.domains import Choice, Fixed, FloatRange, IntRange
from search_spaces.loading import load_space
from search_spaces.points import default_point
from search_spaces.space import Space
from search_spaces.written_form import decisions_sha, searched_sha, to_yaml

LoadText = Callable[..., Space]
FaultsOf = Callable[..., list[str]]

HEAD = "detector: config\nconfig: net.py\nrule: voc50\ntrain: {lr: 1}\n"
SET = """set:
  model.scales: {choice: [[8], [4, 2]]}
  model:
    head: {width: {range: [1, 5], step: 2}, gain: {log: [0.1, 1]}, norm: {choice: [null, {type: BN}]}}
  stages.1.iou: {choice: [0.5, 0.6], when: {model.scales: [[8]]}}
  model.head.bias: false
known: [{model.scales: [4, 2]}, {set: {model: {head: {norm: '{"type": "BN"}'}}}}]
forbid: [{model.scales: [[4, 2]], model.head.width: 5}]
"""


def test_keys_of_a_configuration_become_keys_of_the_space(load_text: LoadText) -> None:
    space = load_text(SET, head=HEAD)
    assert {one.name: one.domain for one in space.train if one.section == "set"} == {
        "model.scales": Choice(("[8]", "[4, 2]")),
        "model.head.width": IntRange(1, 5, 2),
        "model.head.gain": FloatRange(0.1, 1.0, log=True),
        "model.head.norm": Choice(("null", '{"type": "BN"}')),
        "stages.1.iou": Choice((0.5, 0.6)),
        "model.head.bias": Fixed(False),
    }
    assert space.config == "net.py"


def test_points_reach_them(load_text: LoadText) -> None:
    space = load_text(SET, head=HEAD)
    assert default_point(space)["stages.1.iou"] == 0.5
    assert "stages.1.iou" not in space.known[0]
    assert space.known[1]["model.head.norm"] == '{"type": "BN"}'


def test_a_configured_space_survives_writing(load_text: LoadText) -> None:
    space = load_text(SET, head=HEAD)
    assert load_text(to_yaml(space), head="") == space


def test_a_configuration_needs_no_word_for_its_detector(load_text: LoadText) -> None:
    assert load_text("", head=HEAD.removeprefix("detector: config\n")).detector == "config"


def test_whole_numbers_of_the_file_may_be_searched_as_fractions(load_text: LoadText) -> None:
    space = load_text("set: {model.head.width: {range: [0.5, 1]}, stages.0.iou: {choice: [1, 0]}}\n", head=HEAD)
    assert space.train[1].domain == FloatRange(0.5, 1.0)
    assert space.train[2].domain == Choice((1.0, 0.0))


def test_a_profile_sets_other_values(load_text: LoadText) -> None:
    text = "set: {model.head.width: 2, model.head.gain: 1}\nprofiles: {demo: {set: {model.head.width: 3}}}\n"
    domains = {one.name: one.domain for one in load_text(text, profile="demo", head=HEAD).train}
    assert domains == {"lr": Fixed(1.0), "model.head.width": Fixed(3), "model.head.gain": Fixed(1.0)}


PLANTED = {
    "set: {model.haed.width: 3}": (5, "model has no haed"),
    "set: {model.head.wdith: 3}": (5, "did you mean width?"),
    "set: {stages.2.iou: 0.5}": (5, "stages has no 2"),
    "set: {model.head.width.deeper: 1}": (5, "model.head.width has no deeper"),
    "set: {data: 1}": (5, "it has no data"),
    "set: {model.head.width: wide}": (5, "is like 4"),
    "set: {model.head.bias: 3}": (5, "is like True"),
    "set: {model.type: 3}": (5, "is like 'Net'"),
    "set: {model.scales: '[8'}": (5, "is JSON"),
    "set: {model.scales: null}": (5, "single values"),
    "set: {model.scales: {range: [1, 2]}}": (5, "no number"),
    "set: [model]": (5, "mapping"),
}


@pytest.mark.parametrize("text", PLANTED)
def test_a_planted_fault_names_file_and_line(faults_of: FaultsOf, text: str) -> None:
    line, words = PLANTED[text]
    faults = faults_of(text + "\n", head=HEAD)
    assert f"received planted.yaml:{line}: " in faults[0]
    assert words in faults[0]


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("detector: config\nconfig: nte.py\nrule: voc50\ntrain: {}\n", "planted.yaml:2: nte.py; write net.py"),
        ("detector: config\nrule: voc50\ntrain: {}\n", "names its config"),
        (
            "detector: fake\nset: {a: 1}\nrule: voc50\ntrain: {}\n",
            "planted.yaml:2: set: {a: 1}; write detector: config",
        ),
        ("detector: fake\nconfig: net.py\nrule: voc50\ntrain: {}\n", "config belongs to detector: config"),
    ],
)
def test_a_configuration_and_its_detector_go_together(faults_of: FaultsOf, head: str, words: str) -> None:
    (fault,) = faults_of("", head=head)
    assert words in fault


def test_another_content_under_the_same_name_is_another_space(tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text(HEAD)
    spaces = [
        load_space(
            str(file), {"config": replace(DETECTORS["config"], configured_by=lambda _, depth=depth: {"d": depth})}
        )
        for depth in (18, 18, 50)
    ]
    for sha in (decisions_sha, searched_sha):
        assert sha(spaces[0]) == sha(spaces[1]) != sha(spaces[2])
