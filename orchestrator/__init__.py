"""Decides what runs where: the search command, its study, Ray Tune's adapters and the live view.

The only package that imports ray. Importing it imports neither ray nor optuna nor torch; each is imported where used.
"""

import os

_ENVIRONMENT = {
    # Under `uv run` Ray would start every worker through uv in an uploaded copy of the folder; workers shall run the
    # driver's own interpreter. Ray reads this when it is imported, so it is set before any module here can do that.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    # Ray turns tokens on for a cluster that it starts, but joins one as if there were none, and is then refused.
    "RAY_AUTH_MODE": "token",
    # Ray gives its parts 15 to 30 seconds to start, which a machine with more work than cores does not manage.
    "RAY_raylet_start_wait_time_s": "120",
    "RAY_agent_register_timeout_ms": "120000",
    "RAY_gcs_server_port_wait_time_s": "120",
    "RAY_DASHBOARD_STARTUP_TIMEOUT_S": "120",
    # Paths in logs and messages are then ones that a user can open.
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    # The ledger is the record; Tune's own csv, json and TensorBoard files would be a second one.
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    # Nor does anything read Tune's state, 10 KB a trial in memory and on disk: it is written once, at the end.
    "TUNE_GLOBAL_CHECKPOINT_S": "inf",
    # Seconds that a reused worker has to leave its last trial: a GPU's memory is freed, loaders are joined.
    # Tune's own two are too few on a busy machine, and who is late costs the next trial its worker.
    "TUNE_FUNCTION_THREAD_TIMEOUT_S": "60",
    # The driver's matrices are small: a second BLAS thread costs 70 ms a call where trials keep the cores busy.
    "OPENBLAS_NUM_THREADS": "1",
    # Signals are `orchestrator.stopping`'s: Tune looks at its own only between two steps, and a step may take minutes.
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    # Tune's own tables would be printed between ours.
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
}
for _name, _value in _ENVIRONMENT.items():
    os.environ.setdefault(_name, _value)
