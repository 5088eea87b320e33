"""Starts Ray on this machine for one search: reachable from this machine only, and with patience where it is busy."""

import logging
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray._private import parameter, ray_constants

from orchestrator.ray_folder import objects_notice, ray_folder
from orchestrator.ray_token import keep_token_private
from orchestrator.stopping import STOPPING
from results.errors import DetectionSearchError, one_line

# Trials pass only small dictionaries through Ray's object store; the rest of the memory is theirs.
_OBJECT_STORE_BYTES = 200 * 2**20
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
    for children in Path("/proc/self/task").glob("*/children"):
        for process in children.read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(process), signal.SIGKILL)


@contextmanager
def _started_here() -> Iterator[None]:
    """Two things that `ray.init` knows no argument for: an address of this machine alone, and ports of its agents.

    It replaces 127.0.0.1 by an address that others reach, except on systems where it starts no clusters. And where an
    agent finds a port by itself, the raylet gives it 15 seconds and dies; one that is given a port has two minutes.
    """
    ray_parameter: Any = parameter
    starts_clusters, params = ray_constants.ENABLE_RAY_CLUSTER, ray_parameter.RayParams
    ray_constants.ENABLE_RAY_CLUSTER = False
    ray_parameter.RayParams = partial(params, **dict(zip(_AGENT_PORTS, _free_ports(len(_AGENT_PORTS)), strict=True)))
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER, ray_parameter.RayParams = starts_clusters, params


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
