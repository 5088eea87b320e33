"""Failures by kind: what real ones look like is tried here, without a device and without a full disk."""

import errno
import multiprocessing
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from results.errors import InputError
from trainables.failures import (
    BadConfigurationError,
    CorruptImageError,
    NanLossError,
    failure_fingerprint,
    failure_kind,
    failure_reason,
)


def raised(act: Callable[[], object]) -> Exception:
    try:
        act()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NanLossError("nan"), "NaN loss"),
        (TimeoutError("3 s"), "time-out"),
        (BadConfigurationError("no such module"), "bad configuration"),
        (InputError("a rule", "a value", "a remedy"), "bad configuration"),
        (CorruptImageError("a.png"), "corrupt image"),
        (MemoryError(), "out of memory"),
        (torch.OutOfMemoryError("CUDA out of memory"), "out of memory"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"), "out of memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out of memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "full disk"),
        (RuntimeError("DataLoader worker (pid 12) is killed by signal: Killed. "), "lost worker"),
        (RuntimeError("shapes do not match"), "error"),
        (KeyError("lr"), "error"),
    ],
)
def test_kinds(error: Exception, kind: str) -> None:
    assert failure_kind(error) == kind


def test_torch_without_host_memory_is_out_of_memory() -> None:
    assert failure_kind(raised(lambda: torch.empty(2**46))) == "out of memory"


def test_a_full_disk_is_known_inside_torchs_own_error() -> None:
    def save() -> None:
        with Path("/dev/full").open("wb", buffering=0) as file:
            torch.save({"weights": torch.zeros(1000)}, file)

    assert failure_kind(raised(save)) == "full disk"


class Unreadable(torch.utils.data.Dataset[int]):
    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> int:
        raise CorruptImageError("images/7.png (cut off)")


def test_an_error_of_a_loader_process_keeps_its_kind_and_its_line() -> None:
    loader = torch.utils.data.DataLoader(Unreadable(), num_workers=1, multiprocessing_context=fork())
    error = raised(lambda: list(loader))
    assert failure_kind(error) == "corrupt image"
    assert "images/7.png (cut off)" in failure_reason(error)
    assert "Traceback" not in failure_reason(error)


def fork() -> multiprocessing.context.BaseContext:
    return multiprocessing.get_context("fork")


def test_what_an_exception_was_raised_from_counts() -> None:
    def wrap() -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise RuntimeError("the file could not be written") from error

    assert failure_kind(raised(wrap)) == "full disk"


def test_fingerprints_follow_place_and_message_but_not_numbers_and_paths() -> None:
    def fail(message: str) -> None:
        raise ValueError(message)

    def prints(message: str) -> str:
        return failure_fingerprint(raised(lambda: fail(message)))

    assert prints("tried 20.5 MiB for /a/b.png") == prints("tried 3 MiB for /c.png")
    assert prints("no module A") != prints("no module B")
    assert failure_fingerprint(raised(lambda: "a".index("b"))) != failure_fingerprint(raised(lambda: {}["a"]))


def test_reasons_are_one_line() -> None:
    reason = failure_reason(ValueError("first\n  second " + "x" * 2000))
    assert reason.startswith("ValueError: first second x")
    assert len(reason) == 600


def test_the_names_of_failures_come_without_torch() -> None:
    script = "import sys, trainables.failures, trainables.effective; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
