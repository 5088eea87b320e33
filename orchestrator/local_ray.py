"""Starts Ray on this machine for one search: reachable from this machine only, and with patience where it is busy."""

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray._private import parameter, ray_constants, services

from orchestrator.ray_folder import objects_notice, ray_folder
from orchestrator.ray_token import keep_token_private
from orchestrator.stopping import STOPPING
from results import ownership
from results.errors import DetectionSearchError, one_line

# Trials pass only small dictionaries through Ray's object store; the rest of the memory is theirs.
_OBJECT_STORE_BYTES = 200 * 2**20
_REGISTERED_WITHIN_S = 120.0
_ASK_AGAIN_S = 0.5
_AGENT_PORTS = ("metrics_agent_port", "dashboard_agent_listen_port", "runtime_env_agent_port")


def start_ray() -> Any:
    """Starts Ray; what is unusual about it is printed.

    Returns:
        Ray's context.

    Raises:
        InputError: there is no folder that Ray can start in.
        DetectionSearchError: Ray did not start, twice.
    """
    folder, elsewhere = ray_folder()
    for notice in (keep_token_private(), elsewhere, objects_notice(_OBJECT_STORE_BYTES)):
        if notice is not None:
            print(f"notice: {notice}")
    options: dict[str, Any] = {
        "address": "local",
        "include_dashboard": True,
        "dashboard_host": "127.0.0.1",
        "object_store_memory": _OBJECT_STORE_BYTES,
        "log_to_driver": False,
        "logging_level": logging.ERROR,
        "_temp_dir": str(folder),
    }
    try:
        return _try_to_start(options)
    except Exception as error:  # Ray raises bare ones
        print(f"notice: Ray did not start ({one_line(str(error))[:150]}); one more try, without its dashboard")
    try:
        return _try_to_start(options | {"include_dashboard": False})
    except Exception as error:
        raise _not_started(error) from error


def _try_to_start(options: Mapping[str, Any]) -> Any:
    logging.getLogger("ray").setLevel(logging.CRITICAL)  # what it raises says the same
    try:
        with STOPPING.shielded(ends_at_once=True), _started_here():
            return ray.init(**options, _metrics_export_port=_free_ports(1)[0])
    except Exception:
        _clean_up()
        raise


def _not_started(error: Exception) -> DetectionSearchError:
    rule = f"Ray must start on this machine, got {one_line(str(error))[:150]}"
    return DetectionSearchError(f"{rule}; fix that, free a busy machine, or pass --address")


def _clean_up() -> None:
    """Ends what a start that failed has left, which dies with its parents: it would take the next one's cores."""
    ray.shutdown()
    for pid in _children():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def _started_here() -> Iterator[None]:
    """Three things that `ray.init` knows no argument for: an address of this machine alone, ports of its agents, time.

    It replaces 127.0.0.1 by an address that others reach, except on systems where it starts no clusters. Where an
    agent finds a port by itself, the raylet gives it 15 seconds and dies; one that is given a port has two minutes.
    And it gives the raylet 30 seconds to register, a number that stands in a function.
    """
    ray_parameter: Any = parameter
    ray_services: Any = services
    get_node = ray_services.get_node
    ray_services.get_node = partial(_registered_node, get_node)
    starts_clusters, params = ray_constants.ENABLE_RAY_CLUSTER, ray_parameter.RayParams
    ray_constants.ENABLE_RAY_CLUSTER = False
    ray_parameter.RayParams = partial(params, **dict(zip(_AGENT_PORTS, _free_ports(len(_AGENT_PORTS)), strict=True)))
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER, ray_parameter.RayParams = starts_clusters, params
        ray_services.get_node = get_node


def _registered_node(get_node: Callable[[str, str], Any], gcs_address: str, node_id: str) -> Any:
    """What Ray knows of a node, as soon as it is registered; on a machine that is busy this takes minutes.

    Raises:
        RuntimeError: the raylet has ended, or time is up.
    """
    until_s = time.monotonic() + _REGISTERED_WITHIN_S
    while True:
        try:
            return get_node(gcs_address, node_id)
        except RuntimeError:
            if time.monotonic() > until_s or not _raylet_runs():
                raise
        time.sleep(_ASK_AGAIN_S)


def _raylet_runs() -> bool:
    return any(_name(pid) == "raylet" and not ownership.owner_of(pid).is_gone() for pid in _children())


def _children() -> list[int]:
    return [int(pid) for one in Path("/proc/self/task").glob("*/children") for pid in one.read_text().split()]


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:  # it has ended meanwhile
        return ""


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
