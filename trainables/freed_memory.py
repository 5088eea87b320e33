"""Memory between two trials of one process: what a finished trial holds, the next one lacks."""

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def memory_freed() -> Iterator[None]:
    """Frees before a trial and after it.

    Before, too: a trial that was stopped or failed leaves its model behind until its exception is gone. One call runs
    the trial within, so that what its frames hold is gone when the freeing comes.
    """
    _free()
    try:
        yield
    finally:
        _free()


def _free() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    _trim_heap()


def _trim_heap() -> None:
    """Gives free pages of the heap back to the system.

    glibc keeps what lies below a block that is still in use, which detectors of other sizes do not fit into: over ten
    trials of different detectors a worker grew by a tenth, with no tensor left. Elsewhere there is nothing to call.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
