"""Keeps a run's files in order while it runs: large ones that nothing needs go, finished ones are copied elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from orchestrator.mirror import Mirror
from orchestrator.retention import Retention
from orchestrator.storage import Storage, open_storage
from orchestrator.study import Study
from results.errors import InputError
from results.layout import RunLayout


def run_storage(uri: str | None, run: RunLayout) -> Storage | None:
    """Where a run's files are copied to, tried out; None where they are copied nowhere.

    Raises:
        InputError: the storage does not work, or holds another run of this name.
    """
    if uri is None:
        return None
    storage = open_storage(uri).below(run.name)
    if not run.ledger.exists() and storage.exists(run.ledger.name):
        raise InputError("a run has a name of its own in search.storage", storage.uri, "choose another --name")
    return storage


@contextmanager
def files_in_order(study: Study, run: RunLayout, storage: Storage | None, say: Callable[[str], None]) -> Iterator[None]:
    """Tidies up and copies while the block runs; at its end waits for the last copy.

    Args:
        study: that is run.
        run: its files.
        storage: of this run, None for none.
        say: takes a notice for the user.
    """
    mirror = None if storage is None else Mirror(storage, run, say)

    def copy_again(number: int) -> None:
        if mirror is not None:
            mirror.bring([number])

    retention = Retention(run, study.space.search.keep_checkpoints, copy_again, say)
    retention.catch_up(study.records.values())
    study.subscribe(retention)
    if mirror is not None:
        mirror.catch_up(study.records)
        study.subscribe(mirror)
    try:
        yield
    finally:
        retention.catch_up(study.records.values())
        if mirror is not None:
            mirror.close()
