"""Ends a search from outside with its record whole: after a signal, or because what it stands on has died.

The first signal raises KeyboardInterrupt in the main thread; while an event is put on record, right after it. Ray's C++
may keep that thread from noticing for minutes, so that the kernel's signals wake a thread of our own, too: it ends the
process where a second signal comes, or where the first has not ended it in time. While Ray starts and leaves, it takes
handlers away, and an exception would leave it half made: then that thread alone receives signals. What ends a command
in general is `results.signals`.
"""

import _thread
import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

from results import signals

_IN_TIME_S = 15.0
# A closed terminal's shell and kernel both send SIGHUP, `timeout` and Slurm to a process and to its group.
_ONE_KNOCK_S = 0.3
_RAISE_AGAIN_S = 1.0
_LOOK_AGAIN_S = 0.2
_WAKE_UP = b"\0"
_LAST_WORDS_S = 3.0

INTERRUPTED = "interrupted"

LastWords = Callable[[str], None]


@dataclass
class Knocks:
    """The signals that came, in seconds of one clock.

    Attributes:
        first_s: when the first came; None before.
    """

    first_s: float | None = None

    def is_second(self, now_s: float) -> bool:
        """Notes a signal; whether it is another one, not the first coming twice."""
        if self.first_s is None:
            self.first_s = now_s
        return now_s - self.first_s > _ONE_KNOCK_S

    def is_overdue(self, now_s: float) -> bool:
        """Whether the first one should have ended the process by now."""
        return self.first_s is not None and now_s - self.first_s > _IN_TIME_S


class Stopping:
    """How this process ends before its time; there is one, `STOPPING`, as a process has one set of handlers."""

    def __init__(self) -> None:
        self._last_words: LastWords | None = None
        self._heeded: tuple[signal.Signals, ...] = ()
        self._is_noticed = False
        self._is_held = False
        self._raised_here = 0
        self._writable = -1
        self._is_shielded = False
        self._ends_at_once = False

    def listen(self) -> None:
        """Begins to heed signals; call it once, in the main thread."""
        readable, self._writable = os.pipe()
        os.set_blocking(self._writable, False)
        threading.Thread(target=self._watch, args=(readable,), name="signals", daemon=True).start()
        signal.set_wakeup_fd(self._writable, warn_on_full_buffer=False)
        self._heeded = signals.handle_with(self._interrupt)
        sys.unraisablehook = _silent_where_interrupted

    @contextmanager
    def shielded(self, *, ends_at_once: bool) -> Iterator[None]:
        """While the block runs, the main thread receives no signal, and a library may do with handlers what it likes.

        Threads that begin in the block never receive any, processes do.

        Args:
            ends_at_once: the first signal ends the process; else it has its time, as ever.
        """
        if not self._heeded:
            yield
            return
        signal.pthread_sigmask(signal.SIG_BLOCK, self._heeded)
        self._is_shielded, self._ends_at_once = True, ends_at_once
        os.write(self._writable, _WAKE_UP)
        try:
            yield
        finally:
            for one in self._heeded:
                signal.signal(one, self._interrupt)
            self._is_shielded = self._ends_at_once = False
            signal.pthread_sigmask(signal.SIG_UNBLOCK, self._heeded)

    def notice(self) -> None:
        """Says that the main thread is on its way out: no further KeyboardInterrupt disturbs it."""
        self._is_noticed = True

    @contextmanager
    def held(self) -> Iterator[None]:
        """The block is not interrupted: a signal that comes meanwhile interrupts at its end. Main thread only."""
        outer, self._is_held = self._is_held, True
        try:
            yield
        finally:
            self._is_held = outer
        if not outer and self._is_due():
            raise KeyboardInterrupt

    @contextmanager
    def last_words(self, words: LastWords) -> Iterator[None]:
        """While the block runs, `words` is called with the reason where the process is ended by force.

        Args:
            words: puts the end on record and says how to go on; called from another thread than the main one.
        """
        self._last_words = words
        try:
            yield
        finally:
            self._last_words = None

    def end_now(self, code: int, reason: str) -> NoReturn:
        """Ends this process from any thread, whatever the others wait for.

        Args:
            code: of the exit.
            reason: for the record.
        """
        speaker = threading.Thread(target=self._speak, args=(reason,), daemon=True)
        speaker.start()
        speaker.join(_LAST_WORDS_S)  # a disk may be gone, too
        os._exit(code)

    def _interrupt(self, number: int, _frame: FrameType | None) -> None:
        signals.note(number)
        if self._is_due() and not self._is_held:
            raise KeyboardInterrupt

    def _is_due(self) -> bool:
        return signals.received() is not None and not self._is_noticed

    def _watch(self, readable: int) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signals.ENDING)
        knocks = Knocks()
        while True:
            heard = self._received_here() if self._is_shielded else self._received_by_others(readable, knocks)
            if any(self._ends(knocks, number) for number in heard) or knocks.is_overdue(time.monotonic()):
                self.end_now(signals.exit_code(), INTERRUPTED)
            if not heard and self._is_due() and not self._is_shielded:
                self._raise_again()

    def _received_here(self) -> list[int]:
        received = signal.sigtimedwait(self._heeded, _LOOK_AGAIN_S)
        return [] if received is None else [received.si_signo]

    def _received_by_others(self, readable: int, knocks: Knocks) -> list[int]:
        heard, _, _ = select.select([readable], [], [], None if knocks.first_s is None else _RAISE_AGAIN_S)
        return [number for number in os.read(readable, 64) if self._is_from_outside(number)] if heard else []

    def _ends(self, knocks: Knocks, number: int) -> bool:
        signals.note(number)
        return knocks.is_second(time.monotonic()) or self._ends_at_once

    def _is_from_outside(self, number: int) -> bool:
        if number in self._heeded and self._raised_here:
            self._raised_here -= 1
            return False
        return number in self._heeded  # not the change of a terminal's size

    def _raise_again(self) -> None:
        """An exception that comes up in a callback of a library may be dropped there."""
        self._raised_here += 1
        _thread.interrupt_main(signal.Signals(signals.received() or signal.SIGINT))

    def _speak(self, reason: str) -> None:
        words = self._last_words
        with contextlib.suppress(OSError):
            if words is None:
                print(reason, file=sys.stderr, flush=True)
            else:
                words(reason)
            if sys.stdout.isatty():
                sys.stdout.write("\x1b[?25h")  # the live table hides the cursor
            sys.stdout.flush()


def _silent_where_interrupted(dropped: "sys.UnraisableHookArgs") -> None:
    """An interruption that a callback drops is raised again; it is no fault to be printed with its stack."""
    if not isinstance(dropped.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(dropped)


STOPPING = Stopping()
