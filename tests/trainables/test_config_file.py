"""Configuration files are read in a process of their own, and every fault of one is a line."""

from pathlib import Path

import pytest
from tiny_config import write_tiny_config

from results.errors import InputError
from trainables.config_file import PARTS, config_path, config_tree

STOCK = "mmdet::cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco.py"


def test_a_shipped_configuration_is_found_by_name() -> None:
    tree = config_tree(STOCK)
    assert tuple(tree) == PARTS
    assert tree["optim_wrapper"]["optimizer"]["lr"] == 0.02
    assert [one["type"] for one in tree["param_scheduler"]] == ["LinearLR", "MultiStepLR"]


def test_tuples_are_lists_and_what_a_file_prints_is_not_what_it_holds(tmp_path: Path) -> None:
    tree = config_tree(str(write_tiny_config(tmp_path, "print('{}')\n")))
    assert tree["optim_wrapper"]["optimizer"]["betas"] == [0.9, 0.99]
    assert tree["model"]["backbone"]["depth"] == 18


def test_the_file_leaves_no_trace_in_the_process_that_asks(tmp_path: Path) -> None:
    config_tree(str(write_tiny_config(tmp_path, "import os\nos.environ['PLANTED'] = '1'\n")))
    import os

    assert "PLANTED" not in os.environ


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = write_tiny_config(tmp_path)
    assert config_tree(str(file))["optim_wrapper"]["optimizer"]["lr"] == 0.001
    file.write_text(file.read_text().replace("lr=0.001", "lr=0.5"))
    assert config_tree(str(file))["optim_wrapper"]["optimizer"]["lr"] == 0.5


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("model = dict(", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("_base_ = ['absent.py']", "absent.py"),
        ("model = dict(type='FasterRCNN')", "it holds no optim_wrapper"),
        ("model = dict(a=object())\noptim_wrapper = dict()", "no plain value"),
        ("import sys\nsys.exit(0)", "it ends the process that reads it"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "planted.py"
    file.write_text(content)
    with pytest.raises(InputError) as caught:
        config_tree(str(file))
    assert words in caught.value.line()
    assert len(caught.value.line().splitlines()) == 1


@pytest.mark.parametrize("text", ["absent.py", "mmdet::absent/absent.py", "config.yaml", "config.json", ""])
def test_a_missing_file_or_another_kind_is_named(text: str) -> None:
    with pytest.raises(InputError, match="Python configuration file"):
        config_path(text)
