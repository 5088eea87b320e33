"""A detector of four parameters, and a loader of space files written in the test."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from results.errors import InputError
from search_spaces.loading import load_space
from search_spaces.space import ParameterSpec, Space


@dataclass(frozen=True)
class FakeParameter:
    """Takes what has its default's type; numbers from 0 to 100."""

    name: str
    default: object
    per_class: bool = False

    def fault(self, value: object) -> str | None:
        """As a `ParameterSpec`."""
        if type(value) is not type(self.default):
            return f"{self.name} is like {self.default!r}; write such a value"
        fits = not isinstance(value, int | float) or 0 <= value <= 100
        return None if fits else f"{self.name} is from 0 to 100; write such a number"


def _specs() -> Mapping[str, ParameterSpec]:
    defaults = {"backbone": "small", "dcn": "none", "lr": 0.1, "width": 8, "depth": 3, "mixed": True}
    specs = {name: FakeParameter(name, default) for name, default in defaults.items()}
    return {**specs, "weights": FakeParameter("weights", 1.0, per_class=True)}


@dataclass(frozen=True)
class FakeDetector:
    """Refuses lr 99 together with width 99."""

    train: Mapping[str, ParameterSpec] = field(default_factory=_specs)
    predict: Mapping[str, ParameterSpec] = field(
        default_factory=lambda: {"scale": FakeParameter("scale", "10x10"), "flip": FakeParameter("flip", False)}
    )

    configured_by: Callable[[str], Mapping[str, object]] | None = None

    def combination_fault(self, parameters: Mapping[str, object]) -> str | None:
        """As a `DetectorSpec`."""
        clash = parameters["lr"] == 99.0 and parameters["width"] == 99
        return "lr and width are not both 99; lower one" if clash else None


CONFIGURATION = {
    "model": {"type": "Net", "scales": [8], "head": {"width": 4, "gain": 0.5, "bias": True, "norm": None}},
    "stages": [{"iou": 0.5}, {"iou": 0.6}],
}


def read_configuration(path: str) -> Mapping[str, object]:
    """The one configuration there is, `net.py`."""
    if path != "net.py":
        raise InputError("a configuration exists", path, "write net.py")
    return CONFIGURATION


DETECTORS = {"fake": FakeDetector(), "config": FakeDetector(configured_by=read_configuration)}

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
