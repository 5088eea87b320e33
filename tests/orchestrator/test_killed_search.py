"""The driver is killed with SIGKILL, and the ledger's last line is cut anywhere.

Here a search's driver is `orchestrator.virtual`, a process that makes Ray Tune's calls into the study, one trial after
another, and writes the real ledger: so these tests prove that whatever the moment of the kill, a resumed search has
lost no finished result, runs none again, leaves nothing running, and decides what an undisturbed one decides. That the
command with Ray around it does so too, and that workers go on from their checkpoints, `test_search_command` proves.
"""

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from killed_searches import (
    ONE_AFTER_ANOTHER,
    SPACE,
    TRIALS,
    Decisions,
    Killer,
    check_continued,
    cut_last_line,
    decisions,
    resumed,
    space_in,
    uninterrupted,
)

from orchestrator.virtual import simulate
from results.layout import RunLayout
from results.ledger import read_events
from results.trial_records import COMPLETE, FAIL, PRUNED

MOMENTS = [*range(10), *(pytest.param(moment, marks=pytest.mark.slow) for moment in range(10, 20))]
# Of the ledger, in hundredths: a few, and, slow, all.
FEW = (0, 1, 9, 23, 38, 51, 64, 77, 92, 99)
SHARES = [share if share in FEW else pytest.param(share, marks=pytest.mark.slow) for share in range(100)]


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    with Killer() as ready:
        yield ready


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("killed")


@pytest.fixture(scope="module")
def whole(folder: Path) -> tuple[int, Decisions]:
    return uninterrupted(folder)


def test_the_undisturbed_search_has_something_of_everything(whole: object, folder: Path) -> None:
    events = read_events(RunLayout(folder / "whole").ledger)
    assert {event["event"] for event in events} >= {"asked", "started", "rung", "lost", "retried", "finished"}
    ends = {(event["state"], event.get("kind")) for event in events if event["event"] == "finished"}
    assert ends >= {(COMPLETE, None), (PRUNED, None), (FAIL, "lost worker"), (FAIL, "NaN loss")}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_search_killed_at_any_moment_is_finished_as_if_it_had_not_been(
    killer: Killer, whole: tuple[int, Decisions], folder: Path, moment: int
) -> None:
    rng, run = random.Random(moment), folder / f"run-{moment}"
    killer.kill_at(run, rng.randrange(500, whole[0]))
    cut_last_line(RunLayout(run).ledger, rng)
    check_continued(run, resumed(run))
    assert decisions(run) == whole[1]


def test_a_search_killed_again_and_again_is_finished_too(
    killer: Killer, whole: tuple[int, Decisions], folder: Path
) -> None:
    run = folder / "again"
    for tenths in (1, 3, 4, 7, 9):
        killer.kill_at(run, whole[0] * tenths // 10)
        cut_last_line(RunLayout(run).ledger, random.Random(tenths))
    check_continued(run, resumed(run))
    assert decisions(run) == whole[1]


@pytest.mark.parametrize("share", SHARES)
def test_any_beginning_of_a_ledger_leads_to_the_same_decisions(
    whole: tuple[int, Decisions], folder: Path, tmp_path: Path, share: int
) -> None:
    lines = RunLayout(folder / "whole").ledger.read_bytes().splitlines(keepends=True)
    begun = RunLayout(tmp_path / "begun")
    begun.root.mkdir()
    # Without the trials' folders there are no checkpoints: what runs begins anew, and its reports come again.
    begun.ledger.write_bytes(b"".join(lines[: 1 + len(lines) * share // 100]))
    records = simulate(space_in(tmp_path), begun.root, ONE_AFTER_ANOTHER).records
    assert len(records) == TRIALS
    assert decisions(begun.root) == whole[1]


PRUNERS = {
    "hyperband": "{name: hyperband, reduction_factor: 2, min_epochs: 1}",
    "median": "{name: median, startup_trials: 2, warmup_epochs: 0}",
}


@pytest.mark.parametrize("pruner", PRUNERS)
@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_it_does_so_with_every_sampler_and_pruner(tmp_path: Path, sampler: str, pruner: str) -> None:
    text = re.sub(r"pruner: .*", f"pruner: {PRUNERS[pruner]}", SPACE.replace("sampler: tpe", f"sampler: {sampler}"))
    (tmp_path / "killed.yaml").write_text(text, encoding="utf-8")
    whole = uninterrupted(tmp_path)[1]
    assert PRUNED in {record.state for record in whole[0].values()}
    lines = RunLayout(tmp_path / "whole").ledger.read_bytes().splitlines(keepends=True)
    for share in (30, 60, 85):
        begun = RunLayout(tmp_path / str(share))
        begun.root.mkdir()
        begun.ledger.write_bytes(b"".join(lines[: len(lines) * share // 100]))
        simulate(space_in(tmp_path), begun.root, ONE_AFTER_ANOTHER)
        assert decisions(begun.root) == whole
