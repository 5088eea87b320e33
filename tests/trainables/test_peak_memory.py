"""Peaks are a trial's own, where Linux lets them be reset."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from trainables import peak_memory
from trainables.peak_memory import MemoryMeter

HALF_A_GIB = 2**26  # float64


def peak_gib(meter: MemoryMeter) -> float:
    peak = meter.peak_gib()
    if peak is None:
        pytest.skip("this system does not reset peaks")
    return peak


def test_what_was_held_counts_after_it_is_gone() -> None:
    meter = MemoryMeter()
    before = peak_gib(meter)
    held = np.ones(HALF_A_GIB)
    del held
    assert peak_gib(meter) - before == pytest.approx(0.5, abs=0.1)


def test_a_new_meter_forgets_what_is_gone() -> None:
    held = np.ones(HALF_A_GIB)
    high = peak_gib(MemoryMeter())
    del held
    assert peak_gib(MemoryMeter()) < high - 0.4


def test_a_peak_that_cannot_be_reset_is_not_told_as_the_trials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(peak_memory, "_CLEAR", tmp_path / "absent" / "clear_refs")
    assert MemoryMeter().peak_gib() is None


def test_measuring_imports_no_torch() -> None:
    script = "import sys; from trainables.peak_memory import MemoryMeter; MemoryMeter().peak_gib()"
    script += "; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
