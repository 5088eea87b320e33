"""Any mmdet configuration file as plain nested values, read by mmengine in a process of its own.

Such a file is a Python program and mmengine runs it: naming it is trusting it, as with any script. The process keeps
what it does, prints and imports away from the one that asks. Of what it holds only `PARTS` are taken; data, hooks and
checkpoints are this project's own. Modules that it brings along (`custom_imports`, classes) are told by `config_about`,
and `trainables.custom_imports` imports them in every process that builds from it.
"""

import contextlib
import functools
import hashlib
import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from results.errors import InputError

PARTS = ("model", "optim_wrapper", "param_scheduler")
SHIPPED = "mmdet::"
_TIME_OUT_S = 120
# What changes a training and is not taken.
_UNUSED = ("custom_hooks",)
_LIBRARIES = ("mmdet", "mmengine", "mmcv", "torch", "torchvision", "builtins")
_RULE = "config is a Python configuration file that mmengine reads"

Tree = dict[str, Any]


def config_tree(text: str) -> Tree:
    """The parts of a configuration: tuples as lists, classes by their import path.

    Args:
        text: a path, or "mmdet::cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco.py" for a file that ships with mmdet.

    Raises:
        InputError: the file is missing, is no Python, fails, or holds no model.
    """
    tree: Tree = _read(text)["parts"]
    return tree


def config_about(text: str) -> Tree:
    """What else must be known of a configuration.

    Returns:
        `modules`: modules that building from it needs, with a hash of their files; `places`: folders that they were
        found in; `train_cfg`: how long the file would train; `unused`: keys that change a training and are not taken.

    Raises:
        InputError: as `config_tree`.
    """
    about: Tree = _read(text)["about"]
    return about


def _read(text: str) -> Tree:
    path = config_path(text)
    content: Tree = json.loads(_read_elsewhere(str(path), path.stat().st_mtime_ns))
    return content


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

    # Whatever the terminal takes, the two processes speak UTF-8.
    speaking = {"PYTHONPATH": os.pathsep.join(place for place in sys.path if place), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "trainables.config_file", path]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **speaking},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TIME_OUT_S,
            check=False,
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

    # Modules beside the file can be imported; behind everything else, so that none of them takes another's place.
    sys.path.append(str(Path(path).resolve().parent))
    with contextlib.redirect_stdout(sys.stderr):  # what the file prints is not what it holds
        try:
            content = Config.fromfile(path).to_dict()
        except ImportError as error:  # mmengine says in many lines what PYTHONPATH is; which module it is comes first
            first = error.__cause__ or error.__context__ or error
            raise SystemExit(f"{first}; modules beside the file or on PYTHONPATH are found") from error
    missing = [part for part in ("model", "optim_wrapper") if part not in content]
    if missing:
        raise SystemExit(f"it holds no {' and no '.join(missing)}")
    parts = {part: _plain(content.get(part, [])) for part in PARTS}
    about = {
        **_imported([*_custom_imports(content), *_modules_of({part: content.get(part) for part in PARTS})]),
        "train_cfg": _plain(content.get("train_cfg") or {}),
        "unused": [key for key in _UNUSED if content.get(key)],
    }
    print(json.dumps({"parts": parts, "about": about}))


def _custom_imports(content: Tree) -> list[str]:
    """Names under `custom_imports`, but for those that may fail to import, and did."""
    given = content.get("custom_imports") or {}
    names = given.get("imports", [])
    return [name for name in ([names] if isinstance(names, str) else names) if name in sys.modules]


def _modules_of(node: object) -> Iterator[str]:
    """Modules of classes that stand in the file, but for the libraries' own."""
    if isinstance(node, type) and node.__module__.partition(".")[0] not in _LIBRARIES:
        yield node.__module__
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list | tuple) else ():
        yield from _modules_of(inner)


def _imported(names: list[str]) -> Tree:
    modules = {name: sys.modules[name] for name in names}
    roots = [sys.modules[name.partition(".")[0]] for name in modules]
    places = [Path(file).parents[1 if hasattr(root, "__path__") else 0] for root in roots if (file := root.__file__)]
    return {
        "modules": {name: _file_sha(module.__file__) for name, module in sorted(modules.items())},
        "places": sorted({str(place) for place in places}),
    }


def _file_sha(file: str | None) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16] if file else ""


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
