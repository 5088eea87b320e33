"""Runs the search command in processes of its own, on real Ray clusters, and sees that none is left behind."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from results.ledger import read_events

PROJECT = Path(__file__).parents[2]
_MARK = "SEARCH_TEST_MARK"
_PATIENCE_S = 300.0  # for a machine that does ten other things
_WORKER = "ray::ImplicitFu"  # as the kernel cuts the name of Tune's actor


@dataclass(frozen=True)
class Commands:
    """Starts processes in `folder`; every one of them, and what it starts in turn, carries a mark to be found by."""

    folder: Path
    cores: int = 2
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    def environment(self) -> dict[str, str]:
        """So many cores and no GPU, whatever the machine has; the project importable from any folder."""
        own = {_MARK: self.mark, "PYTHONPATH": str(PROJECT), "RAY_OVERRIDE_RESOURCES": f'{{"CPU": {self.cores}}}'}
        # What importing `orchestrator` set in this process must be set again by the commands themselves.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "TUNE_"))}
        return {**inherited, **own, "CUDA_VISIBLE_DEVICES": "", "COLUMNS": "120"}

    def start(self, *command: str) -> subprocess.Popen[str]:
        """A process whose output is read from pipes."""
        return subprocess.Popen(
            command, cwd=self.folder, env=self.environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def search(self, *arguments: str) -> subprocess.Popen[str]:
        """The search command, started."""
        return self.start(sys.executable, "-m", "orchestrator.search", *arguments)

    def finish(self, *arguments: str) -> tuple[int, str, str]:
        """The search command, run to its end: exit code, stdout, stderr."""
        return ended(self.search(*arguments))

    def events(self, run: str) -> list[Mapping[str, object]]:
        """The events of a run's ledger; none while there is no ledger."""
        ledger = self.folder / "runs" / run / "ledger.jsonl"
        return list(read_events(ledger)) if ledger.exists() else []

    def survivors(self) -> list[str]:
        """Processes that carry the mark and have not ended."""
        return [name for process in Path("/proc").glob("[0-9]*") if (name := self._name_if_marked(process))]

    def workers(self) -> list[int]:
        """Processes that run a trial."""
        return [int(one.split()[0]) for one in self.survivors() if one.endswith(_WORKER)]

    def end_all(self) -> None:
        """Kills whatever is left."""
        for survivor in self.survivors():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(survivor.split()[0]), signal.SIGKILL)

    def _name_if_marked(self, process: Path) -> str | None:
        try:
            marked = f"{_MARK}={self.mark}".encode() in (process / "environ").read_bytes()
            return f"{process.name} {(process / 'comm').read_text().strip()}" if marked else None
        except OSError:  # ended meanwhile, or somebody else's
            return None


def ended(process: subprocess.Popen[str], patience_s: float = _PATIENCE_S) -> tuple[int, str, str]:
    """Waits for a process: exit code, stdout, stderr."""
    out, err = process.communicate(timeout=patience_s)
    return process.returncode, out, err


def wait_until(holds: Callable[[], object], patience_s: float = _PATIENCE_S) -> None:
    """Looks again and again; fails when it takes too long."""
    deadline_s = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.05)


def trials_with(events: list[Mapping[str, object]], kind: str) -> list[object]:
    """Numbers of the trials of which the ledger has such an event, once for each event."""
    return [event["number"] for event in events if event["event"] == kind]


# A cluster; run by bash under the name `uv` with the argument `run`, as if started with `uv run`.
_CLUSTER = """
import json, sys
import orchestrator
import ray
ray.init(address="local", num_gpus=0, include_dashboard=False, object_store_memory=200 * 2**20)
executable = ray.remote(lambda: sys.executable)
node = ray.nodes()[0]
print(json.dumps({
    "address": ray.get_runtime_context().gcs_address,
    "driver": sys.executable,
    "worker": ray.get(executable.remote(), timeout=60),
    "metrics": f"http://{node['NodeManagerAddress']}:{node['MetricsExportPort']}/metrics",
}), flush=True)
sys.stdin.read()
"""


@contextmanager
def cluster(commands: Commands) -> Iterator[dict[str, str]]:
    """A Ray cluster started as if under `uv run`: its address, metrics page, and the Python of driver and worker."""
    (commands.folder / "cluster.py").write_text(_CLUSTER)
    (commands.folder / "run").write_text(f"'{sys.executable}' cluster.py\n")
    process = subprocess.Popen(
        ["bash", "-c", "exec -a uv bash run"],
        cwd=commands.folder,
        env=commands.environment(),
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        try:
            process.communicate(timeout=_PATIENCE_S)
        finally:
            commands.end_all()
