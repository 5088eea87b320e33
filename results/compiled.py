"""The one place where Numba's decorator gets a type, so that kernels stay typed under mypy.

Every kernel is cached on disk, releases the GIL and holds no Python objects.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def compiled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compiles `function` at its first call; later processes read the machine code from the cache."""
    decorate = numba.njit(cache=True, nogil=True, error_model="numpy")
    return cast(Callable[Parameters, Result], decorate(function))
