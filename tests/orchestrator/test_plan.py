import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_search import write_data, write_space

from orchestrator.options import parse_options
from orchestrator.plan import dry_run
from orchestrator.search import main
from orchestrator.settings import Settings, resolve
from results.commands import run_command
from results.errors import InputError
from trainables.proof.answering import answer
from trainables.proof.exchange import Answer, Effect, Iteration, Question, Verdict

Planted = Callable[[str], Settings]
GIB = 2**30
SMALL = {
    "backbone": "resnet18",
    "base_channels": 8,
    "neck_channels": 16,
    "head_channels": 32,
    "rois": 16,
    "rpn_proposals": 50,
    "roi_sampling_ratio": 1,
    "train_scale": "96x72",
    "batch_size": 2,
}


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    """Settings of a small Cascade R-CNN space with the given lines in its train section."""

    def settings(train: str, more: str = "") -> Settings:
        file = tmp_path / "planted.yaml"
        small = "".join(f"  {name}: {value}\n" for name, value in SMALL.items())
        file.write_text(f"detector: cascade_rcnn\nrule: coco50\ntrain:\n{small}{train}{more}")
        return resolve(parse_options(["--space", str(file), "--data", str(write_data(tmp_path))]), None)

    return settings


def found(*verdicts: Verdict, iteration: Iteration | None = None) -> Callable[[Question], Answer]:
    return lambda question: Answer(verdicts, 3, 9.0, 1.5, 1.2, iteration)


ALIVE = Verdict("train.lr", (Effect("optimizer.lr", "0.031622776", "0.001", read=False),), 6, ("optim.lr",))
DEAD = Verdict("train.momentum", (), 0, ())
UNREAD = Verdict("train.rois", (), 0, ("model.train_cfg.ghost",))
BROKEN = Verdict("train.dcn", (), 0, (), "AssertionError: no such block")
RATES = "  lr: {log: [0.001, 0.01]}\n"


def test_every_fault_is_a_line_that_names_its_key(planted: Planted) -> None:
    with pytest.raises(InputError) as caught:
        dry_run(planted(RATES), prove=found(ALIVE, DEAD, UNREAD, BROKEN))
    lines = caught.value.line().splitlines()
    assert len(lines) == 3
    assert "planted: train.momentum changes nothing in the effective configuration" in lines[0]
    assert "train.rois reaches model.train_cfg.ghost, where it changes nothing that is built" in lines[1]
    assert "train.dcn: AssertionError: no such block" in lines[2]


def test_a_key_that_cannot_be_changed_alone_is_said_to_be_so(planted: Planted) -> None:
    settings = planted("  rpn_pos_iou: {choice: [0.5, 0.3]}\n  rpn_neg_iou: 0.4\n")
    with pytest.raises(InputError, match=r"every key can be changed alone; received planted: train\.rpn_pos_iou"):
        dry_run(settings, prove=found(Verdict("train.rpn_pos_iou", (), 0, ())))


def test_a_setting_of_the_post_tier_that_nobody_wrote_is_no_fault(
    planted: Planted, capsys: pytest.CaptureFixture[str]
) -> None:
    moot = Verdict("post.cutoffs", (), 0, ("post.cutoffs",))
    assert dry_run(planted(RATES), prove=found(ALIVE, moot)) == 0
    said = capsys.readouterr().out
    assert "post.cutoffs  tolerance\n    decides nothing under this rule" in said
    assert "1 of 2 keys take effect" in said
    with pytest.raises(InputError, match=r"post\.cutoffs"):
        dry_run(planted(RATES, "post: {cutoffs: none}\n"), prove=found(ALIVE, moot))


def test_the_plan_says_what_changes_and_what_it_costs(planted: Planted, capsys: pytest.CaptureFixture[str]) -> None:
    iteration = Iteration("a GPU", 2_000_000, 90, 6, 0.5, 0.1, GIB, 3 * GIB, 32 * 2**20)
    settings = planted(RATES, "search: {epochs: 6, trials: 8, hours: 2}\n")
    assert dry_run(settings, prove=found(ALIVE, iteration=iteration)) == 0
    said = capsys.readouterr().out
    assert "a continuum of lr; hash of the default point" in said
    assert "search: 8 trials or 2 h, sampler tpe, successive halving" in said
    assert "train.lr  0.001 .. 0.01 log\n    optimizer.lr: 0.03162 -> 0.001, and 5 more\n" in said
    assert "90 iterations x 6 epochs x 8 trials" in said
    # 90 x 6 iterations of half a second, and three images at each of six rungs.
    assert "0.5 s an iteration, 0.1 s a validation image (measured on a GPU): 5 min a trial" in said
    assert "2 M parameters, 32 MiB with gradients and optimizer; activations of a batch 1.00 GiB, 3.00 GiB" in said


def test_what_was_not_measured_is_said(planted: Planted, capsys: pytest.CaptureFixture[str]) -> None:
    iteration = Iteration("cpu", 2_000_000, 90, 6, reason="a CPU takes minutes")
    assert dry_run(planted(RATES), prove=found(ALIVE, iteration=iteration)) == 0
    said = capsys.readouterr().out
    assert "an iteration was not measured (a CPU takes minutes); each second that one takes makes" in said
    assert "2 M parameters (8 MiB); what training needs was not measured" in said


def test_a_dry_run_writes_nothing(planted: Planted, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = planted(RATES)
    before = sorted(tmp_path.rglob("*"))
    assert dry_run(settings, prove=found(ALIVE)) == 0
    assert sorted(tmp_path.rglob("*")) == before
    assert "4 training and 3 validation images, 1 classes" in capsys.readouterr().out


def test_the_command_proves_the_fake_space_in_a_process_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(main, ["--space", "fake.yaml", "--dry-run"]) == 0
    assert "4 of 4 keys take effect: run on paper" in capsys.readouterr().out


def test_inert_keys_of_the_fake_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(main, ["--space", "fake.yaml", "--profile", "inert", "--dry-run"]) == 2
    complaints = capsys.readouterr().err.splitlines()
    assert [line.split("fake: train.")[1].split()[0] for line in complaints] == [f"inert_{n}" for n in range(1, 13)]


def test_a_misspelt_key_gets_the_nearest_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write_space(tmp_path, "{epoch_z: {choice: [1, 2]}}")
    assert run_command(main, ["--space", str(file), "--dry-run"]) == 2
    complaint = capsys.readouterr().err
    assert len(complaint.splitlines()) == 1
    assert "epoch_s" in complaint


@pytest.mark.training
@pytest.mark.parametrize("profile", ["full", "demo"])
def test_every_key_of_the_shipped_space_takes_effect(
    tmp_path: Path, profile: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--space", "cascade.yaml", "--profile", profile, "--data", str(write_data(tmp_path))]
    assert dry_run(resolve(parse_options(given), None), prove=answer) == 0
    proved = re.search(r"(\d+) of \1 keys take effect", capsys.readouterr().out)
    assert proved is not None and int(proved[1]) > 10


@pytest.mark.training
def test_planted_dead_keys_are_caught_and_live_ones_are_not(planted: Planted) -> None:
    dead = '  optimizer: adamw\n  momentum: {range: [0.5, 0.9]}\n  schedule: cosine\n  lr_steps: {choice: ["1", "2"]}\n'
    with pytest.raises(InputError) as caught:
        dry_run(planted(dead + RATES), prove=answer)
    lines = caught.value.line().splitlines()
    assert [line.split("planted: ")[1].split()[0] for line in lines] == ["train.momentum", "train.lr_steps"]
