import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from search_spaces.loading import load_space
from search_spaces.space import NoPruning, SearchSettings, Space
from search_spaces.written_form import decisions_sha, searched_sha, to_dict, to_yaml
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
    assert decisions_sha(again) == decisions_sha(space)


def test_the_fingerprint_sees_content_and_not_the_name(load_text: LoadText) -> None:
    space = load_text(TEXT)
    other = dataclasses.replace(space, search=SearchSettings(pruner=NoPruning()))
    assert decisions_sha(dataclasses.replace(space, name="other", profile="demo")) == decisions_sha(space)
    assert decisions_sha(other) != decisions_sha(space)


def test_the_written_form_is_json(load_text: LoadText) -> None:
    written = to_dict(load_text(TEXT))
    assert json.loads(json.dumps(written)) == written


def test_a_resumed_search_may_change_budgets_and_places_and_nothing_that_decides(load_text: LoadText) -> None:
    space = load_text(TEXT)
    for more in ({"hours": 3.0, "gpu_hours": 9.0}, {"storage": "/far"}, {"keep_checkpoints": 2, "confirm": 3}):
        changed = dataclasses.replace(space, search=dataclasses.replace(space.search, **more))
        assert decisions_sha(changed) == decisions_sha(space)
    for more in ({"sampler": "random"}, {"pruner": NoPruning()}, {"report_every": 2}):
        changed = dataclasses.replace(space, search=dataclasses.replace(space.search, **more))
        assert decisions_sha(changed) != decisions_sha(space)
        assert searched_sha(changed) == searched_sha(space)
