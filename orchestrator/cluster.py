"""Joins or starts a Ray cluster, and leaves it; how many trials fit on one is `orchestrator.slots`."""

import logging
import socket
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import AuthenticationError

from orchestrator.stopping import STOPPING
from results.errors import InputError

# Trials pass only small dictionaries through Ray's object store; the rest of the memory is theirs.
_OBJECT_STORE_BYTES = 200 * 2**20
_ANSWER_WITHIN_S = 5.0


@dataclass(frozen=True)
class Cluster:
    """A cluster that this process is connected to.

    Attributes:
        dashboard: address of Ray's dashboard as host:port, or None where it runs without one.
        cpus: processor cores that Ray may use.
        gpus: GPUs that Ray may use.
    """

    dashboard: str | None
    cpus: int
    gpus: int


def connect(address: str | None) -> Cluster:
    """Starts Ray on this machine, or joins the cluster at `address`.

    Raises:
        InputError: the address is none, or no cluster answers there.
    """
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        options |= {
            "address": "local",
            "include_dashboard": True,
            "dashboard_host": "127.0.0.1",
            "object_store_memory": _OBJECT_STORE_BYTES,
        }
    else:
        _check_answers(address)
        options["address"] = address
    try:
        with STOPPING.shielded(ends_at_once=True):
            context = ray.init(**options)
    except ConnectionError as error:
        raise _no_cluster(str(address)) from error
    except AuthenticationError as error:
        remedy = "copy ~/.ray/auth_token from its head node, or set RAY_AUTH_MODE=disabled if it has none"
        raise InputError("a Ray cluster is joined with its token", str(address), remedy) from error
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return Cluster(context.dashboard_url or None, int(resources.get("CPU", 1)), int(resources.get("GPU", 0)))


def _check_answers(address: str) -> None:
    """Ray itself waits for minutes, and warns all the while, where nobody listens."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    # Ray's client (ray://) would run the search's decisions in another process than the ledger's.
    if not host or not port.isdigit() or "://" in address:
        raise InputError("--address is HOST:PORT of a head node, or auto", address, "`ray status` shows it")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_WITHIN_S).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(address) from error


def _no_cluster(address: str) -> InputError:
    return InputError("--address names a running Ray cluster", address, "start it, or leave --address out")


def disconnect() -> None:
    """Leaves the cluster; one that `connect` started ends with it."""
    with STOPPING.shielded(ends_at_once=False):
        ray.shutdown()
