"""Searches on real disks that are full or read-only: small file systems in a mount namespace of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from results.trial_records import RUNNING, trials_of

PROJECT = Path(__file__).parents[2]
SEARCH = f"{sys.executable} -m orchestrator.search"
BEGIN = f"{SEARCH} --space fake.yaml --trials 6 --name x"


def in_namespace(folder: Path, script: str) -> tuple[str, str]:
    """What a shell says whose mounts nobody else sees."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "TUNE_"))}
    environment = {**inherited, "PYTHONPATH": str(PROJECT), "RAY_OVERRIDE_RESOURCES": '{"CPU": 2}', "COLUMNS": "120"}
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout, done.stderr


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A folder to mount on; skips where nobody may."""
    folder = tmp_path / "disk"
    folder.mkdir()
    tried = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if tried.returncode:
        pytest.skip("this user may not mount")
    return folder


@pytest.mark.training
@pytest.mark.parametrize(
    ("options", "said", "code"), [("size=12k", "No space left on device", 1), ("ro", "Read-only file system", 2)]
)
def test_a_search_that_finds_no_room_leaves_nothing_behind(disk: Path, options: str, said: str, code: int) -> None:
    script = f"mount -t tmpfs -o {options} tmpfs {disk} && cd {disk} && {BEGIN}; echo exit $?; ls -A"
    out, err = in_namespace(disk, script)
    assert out.splitlines()[-1] == f"exit {code}"
    (line,) = err.splitlines()
    assert line.startswith("error: runs/x cannot be written") and said in line


@pytest.mark.training
def test_a_file_called_runs_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("mine")
    done = subprocess.run(
        BEGIN.split(),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2 and "a part of the path is a file" in line
    assert (tmp_path / "runs").read_text() == "mine"


@pytest.mark.training
def test_a_disk_that_fills_ends_the_search_in_order_and_nothing_finished_is_lost(disk: Path, tmp_path: Path) -> None:
    script = f"""
        mount -t tmpfs -o size=3m tmpfs {disk} && cd {disk} || exit
        {BEGIN} >{tmp_path}/out 2>{tmp_path}/err & search=$!
        until grep -qs '"finished"' runs/x/ledger.jsonl; do sleep 0.2; kill -0 $search || exit; done
        dd if=/dev/zero of=filler bs=1k 2>/dev/null
        wait $search; echo exit $?
        cp runs/x/ledger.jsonl {tmp_path}/before.jsonl; rm filler
        {SEARCH} --space runs/x/space.yaml --name x --resume >{tmp_path}/out 2>&1; echo exit $?
        cp runs/x/ledger.jsonl {tmp_path}/after.jsonl
    """
    out, _ = in_namespace(disk, script)
    assert out.split() == ["exit", "1", "exit", "0"]
    resume, error = (tmp_path / "err").read_text().splitlines()[-2:]
    assert "resume with: " in resume and "--name x --resume" in resume
    assert error.startswith("error: ") and "No space left on device" in error
    before, after = (
        trials_of(map(json.loads, (tmp_path / name).read_text().splitlines()))
        for name in ("before.jsonl", "after.jsonl")
    )
    finished = {number: record for number, record in before.items() if record.state != RUNNING}
    assert finished and all(after[number] == record for number, record in finished.items())
    assert len(after) == 6 and all(record.state != RUNNING for record in after.values())
