"""The command `python -m orchestrator.search`: checks everything, then runs a search to its end or its interruption.

Exit codes: 0 done, 2 the input is wrong, 130, 143 or 129 interrupted with everything saved, 1 anything else.
"""

import itertools
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestrator.options import Options, parse_options
from orchestrator.resuming import nothing_left_behind, whole_record
from orchestrator.stopping import STOPPING
from results.commands import EXIT_DONE, run_command
from results.errors import one_line
from results.layout import RunLayout, check_can_begin, fresh_run, run_layout, sound_name, write_atomically

if TYPE_CHECKING:
    from orchestrator.cluster import Cluster
    from orchestrator.opening import EarlierWork
    from orchestrator.settings import Settings
    from orchestrator.slots import Slots
    from results.ledger import Ledger


def main(arguments: Sequence[str]) -> int:
    """Runs the command."""
    STOPPING.listen()
    options = parse_options(arguments)
    # Everything else is imported after the command line is read, so that --help answers at once; and what reads data
    # and rules, half a second, after the space is, so that its faults are said at once, too.
    _check_space(options.space)
    from orchestrator.settings import resolve, run_to_resume

    if options.dry_run:
        from orchestrator.plan import dry_run

        return dry_run(resolve(options, None), options.gpus_per_trial)
    resumed = run_to_resume(options)
    named = None if resumed or options.name is None else fresh_run(options.name)
    settings = resolve(options, resumed)
    for notice in settings.notices:
        print(one_line(notice))
    if resumed:
        return _resume(options, settings, resumed)
    return _start(options, settings, named or fresh_run(default_name(settings)))


def _check_space(space: str) -> None:
    from search_spaces.loading import load_space
    from trainables.catalogue import DETECTORS

    load_space(space, DETECTORS)


def default_name(settings: "Settings") -> str:
    """Space and time of start: readable, sortable, and new."""
    started = f"{sound_name(settings.space.name)}-{time.strftime('%Y%m%d-%H%M%S')}"
    # Another search may have begun in the same second.
    names = itertools.chain([started], (f"{started}-{number}" for number in itertools.count(2)))
    return next(name for name in names if not run_layout(name).root.exists())


def _start(options: Options, settings: "Settings", layout: RunLayout) -> int:
    from orchestrator.opening import begin, opened_study
    from orchestrator.run_files import run_storage

    check_can_begin(layout)
    earlier, storage = _earlier_work(settings, layout), run_storage(settings.space.search.storage, layout)
    # The cluster comes first: a wrong --address or --gpus-per-trial leaves no run behind.
    with (
        nothing_left_behind(layout),
        _joined(options, settings) as place,
        _begin(layout, settings, place[1]) as ledger,
        whole_record(ledger, options, layout),
    ):
        study = opened_study(settings, layout, ledger, earlier)
        begin(study, layout, earlier)
        from orchestrator.session import Session, run_session

        return run_session(Session(options, settings, layout, study, storage), *place)


def _resume(options: Options, settings: "Settings", layout: RunLayout) -> int:
    from orchestrator.opening import begin, opened_study
    from orchestrator.run_files import files_in_order, run_storage
    from results.ledger import Ledger

    earlier, storage = _earlier_work(settings, layout), run_storage(settings.space.search.storage, layout)
    # The ledger comes first: a second writer is refused at once, and a finished run needs no cluster.
    with Ledger.open(layout.ledger) as ledger, whole_record(ledger, options, layout):
        study = opened_study(settings, layout, ledger, earlier)
        over = study.why_over()
        if over is not None:
            with files_in_order(study, layout, storage, print):
                pass  # a storage that was down at the end gets what it missed
            print(f"{layout.name} has ended, {over}: nothing to resume; --trials and --hours raise its budget")
            return EXIT_DONE
        with _joined(options, settings) as place:
            _write_settings(layout, settings)
            study.resume({"trials": settings.trials, "gpus": place[1].gpus})
            begin(study, layout, earlier)
            from orchestrator.session import Session, run_session

            return run_session(Session(options, settings, layout, study, storage), *place)


def _earlier_work(settings: "Settings", layout: RunLayout) -> "EarlierWork":
    from orchestrator.opening import earlier_work

    found = earlier_work(settings, layout)
    for notice in found.notices:
        print(one_line(notice))
    return found


def _begin(layout: RunLayout, settings: "Settings", slots: "Slots") -> "Ledger":
    from orchestrator.opening import first_line
    from results.ledger import Ledger

    # The ledger comes first: of two searches under one name, the one that is refused has touched nothing.
    ledger = Ledger.create(layout.ledger, first_line(settings, layout, slots.gpus))
    try:
        _write_settings(layout, settings)
    except BaseException:
        ledger.close()
        raise
    return ledger


def _write_settings(layout: RunLayout, settings: "Settings") -> None:
    from search_spaces.written_form import to_yaml

    write_atomically(layout.space, to_yaml(settings.space))
    write_atomically(layout.settings, json.dumps(settings.record(), indent=1, ensure_ascii=False) + "\n")


@contextmanager
def _joined(options: Options, settings: "Settings") -> Iterator[tuple["Cluster", "Slots"]]:
    # Ray takes seconds to import and to start: only a search that has passed its checks pays for that.
    from orchestrator.cluster import connect, disconnect
    from orchestrator.devices import check_devices
    from orchestrator.kernels import check_worker_kernels
    from orchestrator.lifeline import ended_if_ray_dies
    from orchestrator.slots import slots_on

    try:
        cluster = connect(options.address)
        slots = slots_on(cluster.cpus, cluster.gpus, options.gpus_per_trial)
        check_devices(settings.space, on_gpu=slots.gpus > 0)
        with ended_if_ray_dies(is_own=options.address is None):
            check_worker_kernels(settings.space, slots)
            yield cluster, slots
    except KeyboardInterrupt:
        STOPPING.notice()
        raise
    finally:
        disconnect()


if __name__ == "__main__":
    sys.exit(run_command(main))
