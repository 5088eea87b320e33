import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from search_spaces.loading import load_space
from search_spaces.space import NoPruning, SearchSettings, Space
from search_spaces.written_form import space_sha, to_dict, to_yaml
from trainables.catalogue import DETECTORS

LoadText = Callable[..., Space]

TEXT = """train:
  backbone: {choice: ["true", "1", 'quo"te', "ümläut 瓶"]}
  dcn: {choice: [none], when: {backbone: ["1"]}}
  lr: {range: [0, 1], step: 0.25}
  width: {log: [1, 64]}
  depth: {range: [1, 9], step: 4, when: {width: [3], backbone: ["1", "true"]}}
  mixed: true
predict: {flip: {sweep: [true, false]}}
search: {pruner: {name: median}, hours: 1}
known: [{lr: 0.75, backbone: "true"}]
"""


@pytest.mark.parametrize("profile", ["full", "demo"])
def test_the_shipped_space_loads_again_from_its_written_form(profile: str, tmp_path: Path) -> None:
    space = load_space("cascade", DETECTORS, profile)
    file = tmp_path / "cascade.yaml"
    file.write_text(to_yaml(space), encoding="utf-8")
    assert load_space(str(file), DETECTORS) == dataclasses.replace(space, profile="full")


def test_odd_values_survive_writing(load_text: LoadText) -> None:
    space = load_text(TEXT)
    again = load_text(to_yaml(space), head="")
    assert again == space
    assert space_sha(again) == space_sha(space)


def test_the_fingerprint_sees_content_and_not_the_name(load_text: LoadText) -> None:
    space = load_text(TEXT)
    other = dataclasses.replace(space, search=SearchSettings(pruner=NoPruning()))
    assert space_sha(dataclasses.replace(space, name="other", profile="demo")) == space_sha(space)
    assert space_sha(other) != space_sha(space)


def test_the_written_form_is_json(load_text: LoadText) -> None:
    written = to_dict(load_text(TEXT))
    assert json.loads(json.dumps(written)) == written
