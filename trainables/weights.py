"""Tensors in and out of files, without running anything that a file brings along.

mmengine's loader falls back to full unpickling, and a planted pickle runs. Here files are read with
`weights_only=True`: tensors, numbers, text and plain containers. Of the classes that mmengine's own files hold beside
their weights, none is made: an inert object takes the place of each.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from results.errors import InputError
from results.text_files import is_file, path_remedy
from trainables.trained_on import TrainedOn, attach
from trainables.weight_names import as_named


class _Inert:
    """Stands where a file asks for a class or function that nobody here needs; does nothing with what it is given."""

    def __init__(self, *_arguments: object) -> None:
        pass

    def __setstate__(self, _state: object) -> None:
        pass


# What mmengine writes beside the weights: the training log's curves, and numbers of NumPy's types.
_STAND_INS = tuple(
    (_Inert, name)
    for name in (
        "mmengine.logging.history_buffer.HistoryBuffer",
        "builtins.getattr",
        "numpy.ndarray",
        "numpy.dtype",
        *(f"numpy.dtypes.{kind}DType" for kind in ("Float64", "Float32", "Int64", "Int32", "Bool")),
        *(f"numpy.{core}.multiarray.{name}" for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
    )
)


def save_weights(model: nn.Module, path: Path, seen: TrainedOn | None = None, classes: Sequence[str] = ()) -> None:
    """Writes the model's state and, where it is told, what it was trained on; the file is whole or absent.

    Args:
        model: whose weights they are.
        path: of the file.
        seen: the images that had a part in them.
        classes: names of the labels, in their order.
    """
    state = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    meta = {"meta": {"dataset_meta": {"classes": list(classes)}}} if classes else {}
    _save({"state_dict": state, **meta}, path, lambda written: None if seen is None else attach(written, seen))


def save_plain(content: Mapping[str, object], path: Path) -> None:
    """Writes tensors, numbers, text and plain containers through a temporary file; the file is whole or absent."""
    _save(content, path, lambda _written: None)


def _save(content: Mapping[str, object], path: Path, add: Callable[[Path], None]) -> None:
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as file:
            torch.save(dict(content), file)
        add(temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)  # on a full disk others need its room
        raise


def read_plain(path: Path) -> object:
    """What `save_plain` or mmengine wrote, its tensors on the CPU.

    Raises:
        InputError: the file is missing, damaged, or would have to run code to load.
    """
    if not is_file(path):
        remedy = path_remedy(path, "give the path of a checkpoint on this machine")
        raise InputError("a weights file must exist", path, remedy)
    try:
        with torch.serialization.safe_globals(list(_STAND_INS)):
            content: object = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # zip, pickle and tensors of a damaged file fail in ways that no list of types covers
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        remedy = "save its tensors alone: torch.save({'state_dict': model.state_dict()}, path)"
        raise InputError("a weights file holds tensors and nothing that runs", f"{path} ({reason})", remedy) from error
    return content


@dataclass(frozen=True)
class StartFile:
    """What a file holds that a training starts from.

    Attributes:
        state: tensors by name.
        classes: names of the labels, in their order; empty where it does not say.
    """

    state: dict[str, torch.Tensor]
    classes: tuple[str, ...]


def read_start(path: Path) -> StartFile:
    """A checkpoint with the names of its classes, where mmengine, mmdet or a trial has written them.

    Raises:
        InputError: as `read_weights`.
    """
    content = read_plain(path)
    return StartFile(_state_of(content, path), _classes_of(content))


def _classes_of(content: object) -> tuple[str, ...]:
    meta = content.get("meta") if isinstance(content, Mapping) else None
    inner = meta.get("dataset_meta") if isinstance(meta, Mapping) else None
    for place in (inner, meta):
        for key in ("classes", "CLASSES"):  # mmdet 3 wrote both
            names = place.get(key) if isinstance(place, Mapping) else None
            if isinstance(names, list | tuple) and all(isinstance(name, str) for name in names):
                return tuple(names)
    return ()


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint: a plain state dictionary, or one under `state_dict`.

    Raises:
        InputError: the file is missing, damaged, holds something else, or would have to run code to load.
    """
    return _state_of(read_plain(path), path)


def _state_of(content: object, path: Path) -> dict[str, torch.Tensor]:
    state = content.get("state_dict", content) if isinstance(content, Mapping) else None
    if not isinstance(state, Mapping) or not all(map(_is_named_tensor, state.items())):
        raise InputError("a weights file holds a state dictionary", path, "save model.state_dict() into it")
    return dict(state)


def _is_named_tensor(item: tuple[object, object]) -> bool:
    return isinstance(item[0], str) and isinstance(item[1], torch.Tensor)


def load_trained(model: nn.Module, path: Path) -> None:
    """Loads weights that a trial of exactly this model wrote; every name must fit.

    Raises:
        InputError: the file does not belong to this model.
    """
    try:
        model.load_state_dict(read_weights(path), strict=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        remedy = "use the weights that were written beside the configuration"
        raise InputError("weights must fit their model", f"{path} ({reason})", remedy) from error


def load_start(model: nn.Module, path: Path) -> tuple[int, int]:
    """Loads starting weights: tensors whose name and shape fit, the rest stays as initialised.

    A file of a backbone alone, such as torchvision's, fits too.

    Returns:
        How many tensors were taken, and how many the model has.

    Raises:
        InputError: nothing in the file fits.
    """
    own = model.state_dict()
    given = as_named(read_weights(path), own)
    fitting = {name: value for name, value in given.items() if name in own and own[name].shape == value.shape}
    if not fitting:
        raise InputError("starting weights must fit the model in part", path, "give a checkpoint of this architecture")
    model.load_state_dict(fitting, strict=False)
    return len(fitting), len(own)
