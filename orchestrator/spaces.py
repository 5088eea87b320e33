"""What a space needs of its surroundings before it can be searched: the classes it is scored on, its sampler's package.

Reads the file once more where its keys depend on the classes; draws nothing and imports neither optuna nor torch.
"""

import importlib.util
from collections.abc import Sequence

from results.boxes import Category
from results.errors import InputError
from results.rules import load_rule
from search_spaces.loading import load_space
from search_spaces.space import Space
from trainables.catalogue import DETECTORS

# Samplers that need more than Optuna itself, with what brings it.
_PACKAGES = {"cmaes": ("cmaes", "pip install detection-search[cmaes]")}


def with_classes(space: Space, file: str, rule: str, categories: Sequence[Category]) -> Space:
    """The space with a key for every scored class where it asks for one.

    Args:
        space: as loaded without knowing the classes.
        file: where it was loaded from.
        rule: name or path of the rule that decides.
        categories: of the data; none without data.

    Raises:
        InputError: neither the rule nor the data name classes, or the file speaks of a class that is not scored.
    """
    if not space.has_open_classes():
        return space
    scored = {category.id for category in load_rule(rule).categories}
    own = {category.id for category in categories}
    classes = sorted(scored & own if scored and own else scored | own)
    if not classes:
        received = f"rule {rule}, which names none, and no data"
        raise InputError("a key for each class needs classes", received, "take a rule that names its categories")
    return load_space(file, DETECTORS, space.profile, classes)


def reads_data(space: Space) -> bool:
    """Whether trials of the space need a data set.

    Raises:
        InputError: those of some of its detectors do, and others do not.
    """
    reading = {DETECTORS[name].reads_data for name in space.detectors()}
    if len(reading) > 1:
        alone = ", ".join(name for name in space.detectors() if not DETECTORS[name].reads_data)
        raise InputError("detectors of one search all learn from data, or none does", alone, f"search {alone} alone")
    return reading.pop()


def check_sampler(sampler: str) -> None:
    """Refuses a sampler whose package is missing, before anything is started.

    Raises:
        InputError: it is not installed.
    """
    package, remedy = _PACKAGES.get(sampler, ("", ""))
    if package and importlib.util.find_spec(package) is None:
        raise InputError(f"sampler {sampler} needs the package {package}", "a Python without it", remedy)
