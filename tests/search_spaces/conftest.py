"""A loader of space files written in the test."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from fake_detector import DETECTORS

from results.errors import InputError
from search_spaces.loading import load_space
from search_spaces.space import Space

LoadText = Callable[..., Space]
FaultsOf = Callable[..., list[str]]


@pytest.fixture
def load_text(tmp_path: Path) -> LoadText:
    """Loads a space file given as text; lines 1 and 2 name detector and rule, so the text begins at line 3."""

    def load(
        text: str,
        profile: str | None = None,
        head: str = "detector: fake\nrule: voc50\n",
        classes: Sequence[int] | None = None,
    ) -> Space:
        file = tmp_path / "planted.yaml"
        file.write_text(head + text, encoding="utf-8")
        return load_space(str(file), DETECTORS, profile, classes)

    return load


@pytest.fixture
def faults_of(load_text: LoadText, tmp_path: Path) -> FaultsOf:
    """The lines of the error that loading a text ends with, the folder cut off."""

    def faults(text: str, **options: object) -> list[str]:
        with pytest.raises(InputError) as caught:
            load_text(text, **options)
        return caught.value.line().replace(f"{tmp_path}/", "").splitlines()

    return faults
