"""Peaks are a trial's own where Linux lets them be reset."""

import subprocess
import sys

import numpy as np
import pytest

from trainables.peak_memory import MemoryMeter


def test_what_was_held_counts_after_it_is_gone() -> None:
    meter = MemoryMeter()
    before = meter.peak_gib()
    held = np.ones(2**26)  # half a GiB
    del held
    after = meter.peak_gib()
    assert before is not None
    assert after is not None
    assert after - before == pytest.approx(0.5, abs=0.1)


def test_a_new_meter_forgets_what_is_gone() -> None:
    held = np.ones(2**26)
    first = MemoryMeter()
    if first.of == "process":
        pytest.skip("this system does not reset peaks")
    high = first.peak_gib()
    del held
    second = MemoryMeter().peak_gib()
    assert high is not None
    assert second is not None
    assert second < high - 0.4


def test_measuring_imports_no_torch() -> None:
    script = "import sys; from trainables.peak_memory import MemoryMeter; print(MemoryMeter().summary())"
    script += "; assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "peak_gib" in done.stdout
