"""A detector of a few parameters, alone and with a configuration file; tests import it by its bare name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from results.errors import InputError
from search_spaces.space import ParameterSpec, PredictSpec


@dataclass(frozen=True)
class FakeParameter:
    """Takes what has its default's type; numbers from 0 to 100."""

    name: str
    default: object
    per_class: bool = False
    needs: tuple[str, bool | int | float | str] | None = None

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
    predict: Mapping[str, PredictSpec] = field(
        default_factory=lambda: {
            "scale": FakeParameter("scale", "10x10"),
            "flip": FakeParameter("flip", False),
            "gain": FakeParameter("gain", 0.0, needs=("dcn", "v1")),
        }
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
