"""How many trials fit on some cores and GPUs at once, and what each gets. Imports no ray."""

from dataclasses import dataclass

from results.errors import InputError


@dataclass(frozen=True)
class Slots:
    """How trials share a cluster.

    Attributes:
        count: trials at once.
        cpus: cores of one trial.
        gpus: GPUs of one trial, may be a fraction.
        solver_cpus: cores beside a trial with a GPU that solve its post tier meanwhile; 0 where none are left.
    """

    count: int
    cpus: float
    gpus: float
    solver_cpus: float = 0.0

    @property
    def share_devices(self) -> bool:
        """Whether several trials may run on one device at once; on CPUs the machine is the device."""
        return 0 < self.gpus < 1 or (self.gpus == 0 and self.count > 1)


def slots_on(cpus: int, gpus: int, gpus_per_trial: float | None) -> Slots:
    """How many trials run side by side: one a core without GPUs, else as many as share the GPUs.

    Args:
        cpus: cores of all machines.
        gpus: GPUs of all machines.
        gpus_per_trial: as asked for; None for one where there are GPUs.

    Raises:
        InputError: GPUs are asked for and there are none, or fewer than one trial needs.
    """
    if gpus == 0:
        if gpus_per_trial:
            remedy = "leave it out to train on CPUs, one thread a trial"
            raise InputError("--gpus-per-trial needs a GPU in the cluster", f"{gpus_per_trial:g} and no GPU", remedy)
        return Slots(max(cpus, 1), 1.0, 0.0)
    share = 1.0 if gpus_per_trial is None else gpus_per_trial
    if share > gpus:
        remedy = f"at most {gpus}"
        raise InputError("--gpus-per-trial fits into the cluster", f"{share:g} of {gpus} GPUs", remedy)
    count = int(gpus / share) if share >= 1 else gpus * int(1 / share)
    own_cpus = max(cpus // count, 1)
    solver_cpus = 1 if own_cpus > 1 else 0
    return Slots(count, own_cpus - solver_cpus, share, solver_cpus)
