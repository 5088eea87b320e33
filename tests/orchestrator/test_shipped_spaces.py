"""Every space that ships: each key of each profile takes effect."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_search import write_data

from orchestrator.options import parse_options
from orchestrator.plan import dry_run
from orchestrator.settings import resolve
from search_spaces.loading import SHIPPED_FOLDER, profile_names
from trainables.proof.answering import answer


def shipped() -> Iterator[tuple[str, str]]:
    """Names of spaces and their profiles, but for the fake's, which has keys without effect on purpose."""
    for file in sorted(SHIPPED_FOLDER.glob("*.yaml")):
        if file.stem != "fake":
            yield from ((file.name, profile) for profile in profile_names(file.name))


@pytest.mark.slow
@pytest.mark.parametrize(("space", "profile"), list(shipped()))
def test_every_key_takes_effect(space: str, profile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--space", space, "--profile", profile, "--data", str(write_data(tmp_path))]
    assert dry_run(resolve(parse_options(given), None), prove=answer) == 0
    proved = re.search(r"(\d+) of \1 keys take effect", capsys.readouterr().out)
    assert proved is not None and int(proved[1]) > 8
