"""How a command of this project ends: its exit code and the line on stderr.

0 done, 1 anything unforeseen, 2 the user's input is wrong, 130, 143 and 129 interrupted by SIGINT, SIGTERM and SIGHUP.
Every `python -m` entry point goes through `run_command`; none calls `sys.exit` by itself.
"""

import argparse
import errno
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from results import signals
from results.account import settle_account
from results.disk import disk_error
from results.errors import DetectionSearchError, DiskError, InputError, one_line
from results.terminal import foreign_text_escaped

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_INPUT = 2


class CommandParser(argparse.ArgumentParser):
    """Reads a command line; a malformed one is an `InputError`, and so one line, like every other wrong input."""

    def error(self, message: str) -> NoReturn:
        """Called by argparse.

        Raises:
            InputError: always.
        """
        raise InputError("a command line is made of the flags that --help lists", message, f"see {self.prog} --help")


def as_typed(command: str) -> str:
    """A command as the user types it here: under `uv run`, plain `python` would not find the packages."""
    return f"uv run {command}" if "UV" in os.environ else command


@foreign_text_escaped()
def run_command(main: Callable[[Sequence[str]], int], arguments: Sequence[str] | None = None) -> int:
    """Runs `main` on the command line's arguments and turns exceptions into an exit code.

    Args:
        main: takes the arguments after the program's name, returns an exit code.
        arguments: given by tests; the process's own when left out.

    Returns:
        The exit code; the caller hands it to `sys.exit`.
    """
    try:
        with signals.interrupting():
            _say_unusual(settle_account())
            return main(sys.argv[1:] if arguments is None else arguments)
    except InputError as error:
        print(_prefixed(error.line()), file=sys.stderr)
        return EXIT_INPUT
    except DetectionSearchError as error:
        return _failed(error)
    except BrokenPipeError:  # the reader left, as `| head` does
        discard_output()
        return EXIT_FAILED if signals.received() is None else signals.exit_code()
    except OSError as error:  # a file that is written without `results.layout`, or a terminal that was closed
        return _after_os_error(error)
    except KeyboardInterrupt:
        _say_interrupted()
        return signals.exit_code()


def _after_os_error(error: OSError) -> int:
    if error.errno == errno.EIO and signals.received() is not None:
        discard_output()
        return signals.exit_code()
    found = disk_error(error)
    if found is None:
        raise error
    return _failed(found)


def _failed(error: DetectionSearchError) -> int:
    print(_prefixed(one_line(str(error))), file=sys.stderr)
    return EXIT_INPUT if isinstance(error, DiskError) and error.is_input else EXIT_FAILED


def _say_unusual(notice: str | None) -> None:
    if notice is not None:
        print(f"notice: {notice}", file=sys.stderr)


def discard_output() -> None:
    """Sends what is printed from now on nowhere: its reader is gone, and Python would complain as it flushes."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.dup2(nowhere, sys.stderr.fileno())


def _say_interrupted() -> None:
    try:
        print("interrupted", file=sys.stderr, flush=True)
        sys.stdout.flush()
    except OSError:  # a closed terminal
        discard_output()


def _prefixed(message: str) -> str:
    return "\n".join(f"error: {line}" for line in message.splitlines())
