from pathlib import Path

from orchestrator.losses import kernel_kills, loss_kind, loss_reason

# As Ray 2.60 words them.
KILLED = """Failure # 1 (occurred at 2026-11-24_14-10-57)
The actor died unexpectedly before finishing this task.
\tclass_name: ImplicitFunc
\tactor_id: 2b6d8a1f0c3e4d5a6b7c8d9e01000000
\tpid: 16992
\tnamespace: 6f2f0d3a
\tip: 192.0.2.2
The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR Worker exit detail: Worker \
unexpectedly exits with a connection error code 2. End of file. Some common causes include: (1) the process was killed \
by the OOM killer due to high memory usage, (2) ray stop --force was called.
"""
NODE = "The actor died because its node has died. Node Id: 0abe\n\tthe actor's node was terminated: health check failed"
MEMORY = "Task was killed due to the node running low on memory.\nMemory on the node (IP: 192.0.2.2) was 22.9GB / 24GB"
LOG = Path("runs/a/trials/0005/log.txt")


def test_a_killed_process_is_named_with_what_ray_knows() -> None:
    said = "Worker unexpectedly exits with a connection error code 2. End of file."
    assert loss_reason(KILLED, LOG) == f"process 16992 on 192.0.2.2: SYSTEM_ERROR: {said}; see {LOG}"


def test_what_is_worded_otherwise_is_kept_on_one_line() -> None:
    assert loss_reason(NODE, LOG).startswith("The actor died because its node has died. Node Id: 0abe the actor's")
    assert len(loss_reason(NODE * 50, LOG)) < 500
    assert loss_reason("", LOG) == "the worker ended without a report"


def test_a_worker_that_ray_ended_for_its_memory_ran_out_of_memory() -> None:
    assert [loss_kind(text) for text in (KILLED, NODE, "", MEMORY)] == ["lost worker"] * 3 + ["out of memory"]


def test_what_the_kernel_ended_for_its_memory_ran_out_of_memory() -> None:
    assert [loss_kind(KILLED, kernel_kills=kills) for kills in (0, 1)] == ["lost worker", "out of memory"]
    assert kernel_kills() >= 0


def test_a_worker_that_was_ended_because_it_hung_timed_out() -> None:
    assert loss_kind(KILLED, hung="Timeout (0:02:06)!") == "time-out"
