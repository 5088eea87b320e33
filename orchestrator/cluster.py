"""Joins or starts a Ray cluster, and says how many trials fit on it at once."""

import logging
from dataclasses import dataclass
from typing import Any

import ray

from results.errors import InputError

# Trials pass only small dictionaries through Ray's object store; the rest of the memory is theirs.
_OBJECT_STORE_BYTES = 200 * 2**20


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


@dataclass(frozen=True)
class Slots:
    """How trials share a cluster.

    Attributes:
        count: trials at once.
        cpus: cores of one trial.
        gpus: GPUs of one trial, may be a fraction.
    """

    count: int
    cpus: float
    gpus: float


def connect(address: str | None) -> Cluster:
    """Starts Ray on this machine, or joins the cluster at `address`.

    Raises:
        InputError: no cluster answers at the address.
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
        options["address"] = address
    try:
        context = ray.init(**options)
    except ConnectionError as error:
        remedy = "start it, or leave --address out"
        raise InputError("--address names a running Ray cluster", address, remedy) from error
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return Cluster(context.dashboard_url or None, int(resources.get("CPU", 1)), int(resources.get("GPU", 0)))


def disconnect() -> None:
    """Leaves the cluster; one that `connect` started ends with it."""
    ray.shutdown()


def slots_on(cluster: Cluster, gpus_per_trial: float | None) -> Slots:
    """How many trials run side by side: one a core without GPUs, else as many as share the GPUs.

    Raises:
        InputError: GPUs are asked for and there are none, or fewer than one trial needs.
    """
    if cluster.gpus == 0:
        if gpus_per_trial:
            remedy = "leave it out to train on CPUs, one thread a trial"
            raise InputError("--gpus-per-trial needs a GPU in the cluster", f"{gpus_per_trial:g} and no GPU", remedy)
        return Slots(max(cluster.cpus, 1), 1.0, 0.0)
    share = 1.0 if gpus_per_trial is None else gpus_per_trial
    if share > cluster.gpus:
        remedy = f"at most {cluster.gpus}"
        raise InputError("--gpus-per-trial fits into the cluster", f"{share:g} of {cluster.gpus} GPUs", remedy)
    count = int(cluster.gpus / share) if share >= 1 else cluster.gpus * int(1 / share)
    return Slots(count, max(cluster.cpus // count, 1), share)
