"""The signals that end a command: SIGINT, SIGTERM and SIGHUP, all of them as one Ctrl-C does.

The first raises KeyboardInterrupt in the main thread, the second ends the process as the system does by default. What
was ignored when the process began stays ignored: SIGHUP under `nohup`, SIGINT of a script's background job. Forked
children begin with the system's defaults. What a search adds to this is `orchestrator.stopping`.
"""

import atexit
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Handler = Callable[[int, FrameType | None], None]


class _Received:
    """The signal that this process is ending for; the handlers of a process are the process's, and so is this."""

    first: int | None = None
    handled = False


def note(number: int) -> None:
    """Remembers the first signal: by it the process says what ended it."""
    if _Received.first is None:
        _Received.first = number


def received() -> int | None:
    """The first signal that came, None while there was none."""
    return _Received.first


def exit_code() -> int:
    """What a shell reports of a process that the first signal ended; SIGINT's where none was noted."""
    return 128 + (_Received.first or signal.SIGINT)


def heeded() -> tuple[signal.Signals, ...]:
    """The signals that end this process; those that its parent had it ignore are left out."""
    return tuple(one for one in ENDING if signal.getsignal(one) is not signal.SIG_IGN)


def handle_with(handler: Handler) -> tuple[signal.Signals, ...]:
    """Has `handler` called for each signal that is heeded, and returns them."""
    _Received.handled = True
    those = heeded()
    for one in those:
        signal.signal(one, handler)
    return those


@contextmanager
def interrupting() -> Iterator[None]:
    """While the block runs, each of the signals raises KeyboardInterrupt; in another thread than the main, nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _Received.first = None
    before = {one: signal.getsignal(one) for one in heeded()}
    handle_with(_interrupt)
    try:
        yield
    finally:
        for one, handler in before.items():
            # A process that leaves for a signal keeps its exit code, whatever else comes while Python takes it down.
            signal.signal(one, handler if _Received.first is None else _leave)
        _Received.handled = False


def _interrupt(number: int, _frame: FrameType | None) -> None:
    note(number)
    for one in heeded():
        signal.signal(one, signal.SIG_DFL)
    raise KeyboardInterrupt


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(exit_code())


def _ignore_when_leaving() -> None:
    """Python gives its handlers back before its process is gone, which may take seconds: the exit code is decided."""
    if _Received.first is not None:
        for one in heeded():
            signal.signal(one, signal.SIG_IGN)


def _forget_in_child() -> None:
    if _Received.handled:
        signal.set_wakeup_fd(-1)
        for one in heeded():
            signal.signal(one, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)


atexit.register(_ignore_when_leaving)
os.register_at_fork(after_in_child=_forget_in_child)
