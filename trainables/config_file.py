"""Any mmdet configuration file as plain nested values, read by mmengine in a process of its own.

Such a file is a Python program and mmengine runs it: naming it is trusting it, as with any script. The process keeps
what it does, prints and imports away from the one that asks. Of what it holds only `PARTS` are taken; data, hooks and
checkpoints are this project's own.
"""

import contextlib
import functools
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

from results.errors import InputError

PARTS = ("model", "optim_wrapper", "param_scheduler")
SHIPPED = "mmdet::"
_TIME_OUT_S = 120
_RULE = "config is a Python configuration file that mmengine reads"

Tree = dict[str, Any]


def config_tree(text: str) -> Tree:
    """The parts of a configuration: tuples as lists, classes by their import path.

    Args:
        text: a path, or "mmdet::cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco.py" for a file that ships with mmdet.

    Raises:
        InputError: the file is missing, is no Python, fails, or holds no model.
    """
    path = config_path(text)
    tree: Tree = json.loads(_read_elsewhere(str(path), path.stat().st_mtime_ns))
    return tree


def config_path(text: str) -> Path:
    """The file that `config` means.

    Raises:
        InputError: there is none, or it is no Python file. (YAML and JSON configurations are refused: mmengine obeys
            the tags of a YAML file.)
    """
    path = _shipped_folder() / text.removeprefix(SHIPPED) if text.startswith(SHIPPED) else Path(text)
    if path.suffix != ".py":
        raise InputError(_RULE, text, "give the path of a .py file")
    if not path.is_file():
        remedy = f"give its path, or {SHIPPED}FOLDER/FILE.py for one that ships with mmdet (see {_shipped_folder()})"
        raise InputError(_RULE, f"{text}, which does not exist", remedy)
    return path


def _shipped_folder() -> Path:
    # mmdet is found, not imported: that takes seconds.
    found = importlib.util.find_spec("mmdet")
    places = [] if found is None else list(found.submodule_search_locations or ())
    return Path(places[0] if places else ".") / ".mim" / "configs"


@functools.lru_cache(maxsize=32)
def _read_elsewhere(path: str, _written_at_ns: int) -> str:
    import subprocess  # takes a tenth of the time in which a space without a configuration is checked

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(place for place in sys.path if place)}
    command = [sys.executable, "-m", "trainables.config_file", path]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_TIME_OUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        remedy = "a configuration only assigns values"
        raise InputError(_RULE, f"{path}, which runs for over {_TIME_OUT_S} s", remedy) from error
    if done.returncode or not done.stdout:
        lines = done.stderr.strip().splitlines() or ["it ends the process that reads it"]
        raise InputError(_RULE, f"{path} ({lines[-1]})", "mend the file; mmengine must be able to load it")
    return done.stdout


def _print_parts(path: str) -> None:
    """What the process of its own does."""
    from mmengine.config import Config

    with contextlib.redirect_stdout(sys.stderr):  # what the file prints is not what it holds
        content = Config.fromfile(path).to_dict()
    missing = [part for part in ("model", "optim_wrapper") if part not in content]
    if missing:
        raise SystemExit(f"it holds no {' and no '.join(missing)}")
    print(json.dumps({part: _plain(content.get(part, [])) for part in PARTS}))


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise SystemExit(f"it holds {value!r}, which is no plain value")


if __name__ == "__main__":
    _print_parts(sys.argv[1])
