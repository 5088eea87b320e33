"""Every space that ships: each key of each profile takes effect."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.options import parse_options
from orchestrator.plan import dry_run
from orchestrator.settings import resolve
from search_spaces.loading import SHIPPED_FOLDER, profile_names
from trainables.data.demo import DemoSizes, demo_dataset
from trainables.proof.answering import answer


def shipped() -> Iterator[tuple[str, str]]:
    """Names of spaces and their profiles, but for the fake's, which has keys without effect on purpose."""
    for file in sorted(SHIPPED_FOLDER.glob("*.yaml")):
        if file.stem != "fake":
            yield from ((file.name, profile) for profile in profile_names(file.name))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten classes of different weights and sizes, which some keys need to take effect."""
    return demo_dataset(tmp_path_factory.mktemp("cache"), DemoSizes(train=12, val=6, test=3))


@pytest.mark.slow
@pytest.mark.parametrize(("space", "profile"), list(shipped()))
def test_every_key_takes_effect(space: str, profile: str, dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--space", space, "--profile", profile, "--data", str(dataset)]
    assert dry_run(resolve(parse_options(given), None), prove=answer) == 0
    proved = re.search(r"(\d+) of \1 keys take effect", capsys.readouterr().out)
    assert proved is not None and int(proved[1]) > 8
