"""How a search starts Ray here; the one that is really started shows what it listens on."""

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from ray._private.node import Node

from orchestrator import local_ray
from results.errors import DetectionSearchError

PROJECT = Path(__file__).parents[2]
LISTENING = """
import json, os
os.umask(0o022)
import orchestrator, ray
from orchestrator.cluster import connect, disconnect
cluster = connect(None)
ray.get(ray.remote(lambda: 1).remote(), timeout=100)
import psutil
me = psutil.Process()
every = [(one, kind) for one in (me, *me.children(recursive=True)) for kind in one.net_connections("inet")]
print(json.dumps(sorted({(one.name(), kind.laddr.ip) for one, kind in every if kind.status == "LISTEN"})))
disconnect()
"""


@pytest.mark.training
def test_a_local_search_listens_on_this_machine_only_and_keeps_its_token_private(tmp_path: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    done = subprocess.run(
        [sys.executable, "-c", LISTENING], env={**inherited, "HOME": str(tmp_path), "PYTHONPATH": str(PROJECT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    listening = json.loads(done.stdout.splitlines()[-1])
    assert {"gcs_server", "raylet"} <= {name for name, _ in listening}
    assert {address.removeprefix("::ffff:") for _, address in listening} == {"127.0.0.1"}
    assert (tmp_path / ".ray/auth_token").stat().st_mode & 0o077 == 0


def _failing(times: int, tries: list[bool]) -> object:
    def start(options: Mapping[str, object]) -> str:
        tries.append(bool(options["include_dashboard"]))
        if len(tries) <= times:
            raise Exception("The current node timed out\nduring startup.")
        return "started"

    return start


def test_a_start_that_fails_is_tried_once_more_aloud(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tries: list[bool] = []
    monkeypatch.setattr(local_ray, "_try_to_start", _failing(1, tries))
    assert (local_ray.start_ray(), tries) == ("started", [True, False])
    assert "Ray did not start (The current node timed out during startup.); one more try" in capsys.readouterr().out


def test_a_start_that_fails_twice_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_ray, "_try_to_start", _failing(2, []))
    with pytest.raises(DetectionSearchError) as caught:
        local_ray.start_ray()
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


class Registering:
    """Ray's head, which knows a node from the third question on."""

    def __init__(self) -> None:
        self.questions = 0

    def get_node(self, gcs_address: str, node_id: str) -> str:
        self.questions += 1
        if self.questions < 3:
            raise RuntimeError("no such node")
        return f"{node_id} at {gcs_address}"


def test_a_raylet_that_runs_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_ray, "_raylet_runs", lambda: True)
    monkeypatch.setattr(local_ray, "_ASK_AGAIN_S", 0.0)
    assert local_ray._registered_node(Registering().get_node, "gcs", "node") == "node at gcs"


def test_a_raylet_that_has_ended_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    head = Registering()
    with pytest.raises(RuntimeError, match="no such node"):
        local_ray._registered_node(head.get_node, "gcs", "node")  # this process has no raylet
    assert head.questions == 1


def test_ray_asks_for_its_node_through_what_is_replaced() -> None:
    from ray._private import services

    before = services.get_node
    with local_ray._started_here():
        assert services.get_node is not before
    assert services.get_node is before
    assert "ray._private.services.get_node(" in inspect.getsource(Node.__init__)
