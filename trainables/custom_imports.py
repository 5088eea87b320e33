"""Imports modules that a configuration file brings along, in whatever process builds from it: trial, proof, predictor.

The process that reads the file imports them too, and is gone when something is built. What is imported is a program, as
the file itself is: naming the file is trusting both.
"""

import importlib
import sys
from collections.abc import Mapping
from typing import Any

from results.errors import InputError

KEY = "imported_modules"


def import_modules(config: Mapping[str, Any]) -> None:
    """Imports what an effective configuration names under `KEY`.

    Raises:
        InputError: a module cannot be imported here.
    """
    imported = config.get(KEY)
    if not imported:
        return
    sys.path.extend(place for place in imported["places"] if place not in sys.path)
    for name in imported["modules"]:
        try:
            importlib.import_module(name)
        except Exception as error:  # a module may raise anything while it is imported
            received = f"{name} ({type(error).__name__}: {error})"
            remedy = "install it here, or put its folder on PYTHONPATH"
            raise InputError(
                "a module of the configuration must be importable where it is built", received, remedy
            ) from error
