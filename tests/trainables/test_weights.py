"""Weights files: round trip, and nothing in one of them runs."""

import errno
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from torch import nn

from results.errors import InputError
from trainables.weights import load_start, load_trained, read_plain, read_weights, save_plain, save_weights


class Planted:
    """A pickle that would leave a file behind if it ran."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self.target),)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    written, read = nn.Linear(3, 2), nn.Linear(3, 2)
    save_weights(written, tmp_path / "weights.pth")
    load_trained(read, tmp_path / "weights.pth")
    assert torch.equal(written.weight, read.weight)
    assert [path.name for path in tmp_path.iterdir()] == ["weights.pth"]


def test_what_cannot_be_written_leaves_the_earlier_file_and_no_other(tmp_path: Path) -> None:
    save_plain({"epoch": 1}, tmp_path / "checkpoint.pth")
    with pytest.raises(OSError, match="No space"):
        save_plain({"epoch": FullDisk()}, tmp_path / "checkpoint.pth")
    assert read_plain(tmp_path / "checkpoint.pth") == {"epoch": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pth"]


class FullDisk:
    """Cannot be written."""

    def __reduce__(self) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_planted_pickle_is_refused_and_does_not_run(tmp_path: Path) -> None:
    torch.save({"state_dict": {}, "extra": Planted(tmp_path / "ran")}, tmp_path / "planted.pth")
    with pytest.raises(InputError, match="nothing that runs"):
        read_weights(tmp_path / "planted.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Planted(tmp_path / "ran")))
    with pytest.raises(InputError):
        read_weights(tmp_path / "plain.pth")
    assert not (tmp_path / "ran").exists()


def test_mmengines_own_files_are_read_and_nothing_of_them_is_made(tmp_path: Path) -> None:
    log = MessageHub.get_instance("weights")
    log.update_scalar("train/loss", 1.5)
    content = {"meta": {"epoch": 3, "seed": np.float64(2)}, "message_hub": log.state_dict()}
    torch.save({**content, "state_dict": nn.Linear(3, 2).state_dict()}, tmp_path / "weights.pth")
    assert sorted(read_weights(tmp_path / "weights.pth")) == ["bias", "weight"]


@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "builtins.getattr", "torch.load", "subprocess.Popen"])
def test_no_name_in_a_file_is_called(tmp_path: Path, name: str) -> None:
    module, _, function = name.rpartition(".")
    asked = f"touch {tmp_path / 'ran'}" if name == "os.system" else f"open({str(tmp_path / 'ran')!r}, 'w')"
    planted = f"c{module}\n{function}\n(V{asked}\ntR.".encode()
    with zipfile.ZipFile(tmp_path / "weights.pth", "w") as archive:
        archive.writestr("archive/data.pkl", planted)
        archive.writestr("archive/version", "3")
    with pytest.raises(InputError):
        read_weights(tmp_path / "weights.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"no weights", b"PK\x03\x04 cut off"])
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "damaged.pth").write_bytes(content)
    with pytest.raises(InputError):
        read_weights(tmp_path / "damaged.pth")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.pth"):
        read_weights(tmp_path / "absent.pth")


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    save_weights(nn.Linear(3, 2), tmp_path / "weights.pth")
    with pytest.raises(InputError, match="fit their model"):
        load_trained(nn.Linear(4, 2), tmp_path / "weights.pth")


def test_starting_weights_take_what_fits(tmp_path: Path) -> None:
    given = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 80))
    save_weights(given, tmp_path / "weights.pth")
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 10))
    assert load_start(model, tmp_path / "weights.pth") == (2, 4)
    assert torch.equal(model[0].weight, given[0].weight)


def test_starting_weights_that_fit_nowhere_are_refused(tmp_path: Path) -> None:
    save_weights(nn.Linear(3, 2), tmp_path / "weights.pth")
    with pytest.raises(InputError, match="fit the model in part"):
        load_start(nn.Conv2d(1, 1, 1), tmp_path / "weights.pth")
