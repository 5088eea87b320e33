"""Joins or starts a Ray cluster, and leaves it; how many trials fit on one is `orchestrator.slots`."""

import logging
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import AuthenticationError

from orchestrator.joining import check_answers, no_cluster, token_rejected
from orchestrator.local_ray import start_ray
from orchestrator.stopping import STOPPING


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
        InputError: the address is none, no cluster answers there, or it rejects the token; or there is no folder here
            that Ray can start in.
        DetectionSearchError: Ray did not start on this machine.
    """
    context = start_ray() if address is None else _join(address)
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return Cluster(context.dashboard_url or None, int(resources.get("CPU", 1)), int(resources.get("GPU", 0)))


def _join(address: str) -> Any:
    check_answers(address)
    try:
        with STOPPING.shielded(ends_at_once=True):
            return ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except ConnectionError as error:
        raise no_cluster(address) from error
    except AuthenticationError as error:
        raise token_rejected(address) from error


def disconnect() -> None:
    """Leaves the cluster; one that `connect` started ends with it."""
    with STOPPING.shielded(ends_at_once=False):
        ray.shutdown()
