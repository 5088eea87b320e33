"""docs/SPACES.md: every example loads, and every key is spoken of."""

import dataclasses
import re
from pathlib import Path

import pytest

from search_spaces.drafts import MAX_CLASSES
from search_spaces.loading import MAX_FILE_BYTES, load_space, profile_names
from search_spaces.reading_scales import PARTS
from search_spaces.reading_space import ROOT_KEYS
from search_spaces.reading_values import PRUNERS, SAMPLERS
from search_spaces.space import Hyperband, MedianPruning, PostSettings, SearchSettings, SuccessiveHalving
from trainables.catalogue import DETECTORS

PAGE = (Path(__file__).parents[2] / "docs" / "SPACES.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
CLASSES = (1, 2, 3)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split("\n")[1][:40])
def test_an_example_loads_with_each_profile(example: str, tmp_path: Path) -> None:
    head = "" if "rule:" in example else "detector: cascade_rcnn\nrule: coco50\n"
    file = tmp_path / "example.yaml"
    file.write_text(head + example, encoding="utf-8")
    for profile in profile_names(str(file)):
        load_space(str(file), DETECTORS, profile, CLASSES)


def test_every_key_is_spoken_of() -> None:
    settings = (PostSettings, SearchSettings, SuccessiveHalving, Hyperband, MedianPruning)
    keys = {field.name for kind in settings for field in dataclasses.fields(kind)}
    keys |= {*ROOT_KEYS, *PARTS, *SAMPLERS, *PRUNERS, *DETECTORS["config"].predict, *DETECTORS["config"].train}
    keys |= {"choice", "range", "log", "step", "when", "per_class", "sweep", "joint"}
    assert sorted(key for key in keys if not re.search(rf"\b{key}\b", PAGE)) == []


def test_the_bounds_are_those_of_the_program() -> None:
    assert f"{MAX_FILE_BYTES // 1024} KiB" in PAGE
    assert f"at most {MAX_CLASSES}" in PAGE
