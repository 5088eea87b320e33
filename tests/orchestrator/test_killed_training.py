"""Real mmdet training on the demonstration's data, through the real command, with driver and worker killed by SIGKILL.

Proves of the whole what `tests/trainables/test_continuing` proves of one trial and `test_killed_processes` of the fake
detector: the search ends with the undisturbed scores to the last digit, and nothing that was finished runs again.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from killed_searches import check_continued
from search_processes import Commands, ended, trials_with, wait_until

from results.trial_records import trials_of

pytestmark = [pytest.mark.training, pytest.mark.slow]

SPACE = """
detector: cascade_rcnn
rule: bottle_round1
train: {backbone: resnet18, base_channels: 8, neck_channels: 16, rois: 16, rpn_proposals: 50, head_channels: 32,
        roi_sampling_ratio: 1, train_scale: 96x72, batch_size: 8, optimizer: adamw, lr: {log: [0.0005, 0.005]},
        schedule: cosine, warmup_iters: 0}
predict: {scale: train, flip: false, score_floor: 0.01, max_raw_per_image: 100}
search: {sampler: random, pruner: none, epochs: 3, trials: 2}
"""
PATIENCE_S = 900.0
ARGUMENTS = ("--space", "tiny.yaml", "--data", "demo", "--name", "a")


def _finished(folder: Path) -> Commands:
    """One core, so that one trial runs after another."""
    folder.mkdir()
    (folder / "tiny.yaml").write_text(SPACE, encoding="utf-8")
    return Commands(folder, cores=1)


@pytest.fixture
def undisturbed(tmp_path: Path) -> Iterator[Commands]:
    commands = _finished(tmp_path / "undisturbed")
    assert ended(commands.search(*ARGUMENTS), PATIENCE_S)[0] == 0
    yield commands
    commands.end_all()


@pytest.fixture
def disturbed(tmp_path: Path) -> Iterator[Commands]:
    commands = _finished(tmp_path / "disturbed")
    yield commands
    commands.end_all()


def test_a_killed_training_ends_with_the_undisturbed_scores(undisturbed: Commands, disturbed: Commands) -> None:
    process = disturbed.search(*ARGUMENTS)
    wait_until(lambda: len(trials_with(disturbed.events("a"), "rung")) >= 2, PATIENCE_S)
    process.send_signal(signal.SIGKILL)
    ended(process)
    before = disturbed.events("a")
    resumed = disturbed.search(*ARGUMENTS[:2], "--name", "a", "--resume")
    wait_until(lambda: len(trials_with(disturbed.events("a"), "rung")) >= 5, PATIENCE_S)
    for worker in disturbed.workers():
        os.kill(worker, signal.SIGKILL)
    code, _, complaints = ended(resumed, PATIENCE_S)
    assert code == 0, complaints
    check_continued(disturbed.folder / "runs" / "a", before)
    starts = [event["epoch"] for event in disturbed.events("a") if event["event"] == "started"]
    assert starts[0] == 0 and 0 not in starts[1:2] and len(starts) == 4
    records = [trials_of(commands.events("a")) for commands in (undisturbed, disturbed)]
    assert [record.rungs for record in records[0].values()] == [record.rungs for record in records[1].values()]
    assert [record.score for record in records[0].values()] == [record.score for record in records[1].values()]
