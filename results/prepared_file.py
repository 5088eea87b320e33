"""Prepared sets on disk: made once per raw set and rule, opened by any process in under a millisecond.

A prepared set is a folder of three Arrow files, memory-mapped:

    sorted.arrow   the detections by (class, image, -score), a table that other tools can read
    set.arrow      one row of lists: groups, truth, candidates; the rule and the fingerprints in its metadata
    graph.arrow    one row of lists: the overlap graph

Opening checks schema, completeness and the lengths of all columns, but reads no content; `verify=True` does.
Preparing itself is `results.prepared`.
"""

import hashlib
import json
import mmap
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from results.boxes import Detections, Truth
from results.errors import DamagedFileError, InputError
from results.fingerprints import detections_fingerprint, joined_fingerprint, rule_fingerprint, truth_fingerprint
from results.kernels_nms import overlap_graph
from results.layout import write_atomically
from results.prepared import Candidates, Grouped, PreparedSet, PreparedTruth, prepare, prepare_truth
from results.rules import Rule, rule_from_dict

SCHEMA = "prepared-set/1"
FILES = ("sorted", "set", "graph")
Columns = dict[str, npt.NDArray[Any]]


def prepared_set(folder: Path, truth: Truth, detections: Detections, rule: Rule) -> PreparedSet:
    """Opens the set in `folder` if it was made from these very inputs, else makes and writes it.

    Raises:
        InputError: a row is not finite, has a negative size or an unknown image.
        DamagedFileError: `folder` holds something else or a damaged set; it is not overwritten.
    """
    found = found_set(folder, truth, detections, rule)
    if found is not None:
        return found
    prepared = prepare(prepare_truth(truth, rule), detections)
    return write_prepared(folder, prepared, _made_from(truth, detections, rule))


def found_set(folder: Path, truth: Truth, detections: Detections, rule: Rule) -> PreparedSet | None:
    """Opens the set in `folder` if it was made from these very inputs; None if there is none or another.

    Raises:
        DamagedFileError: `folder` holds something else or a damaged set.
    """
    if not (folder / "set.arrow").exists():
        return None
    opened, made_from = _opened(folder, verify=False)
    return opened if made_from == _made_from(truth, detections, rule) else None


def write_prepared(folder: Path, prepared: PreparedSet, made_from: str = "") -> PreparedSet:
    """Writes a set with its overlap graph, the file that names the others last; returns it with the graph."""
    folder.mkdir(parents=True, exist_ok=True)
    grouped, truth = prepared.detections, prepared.truth
    graph = prepared.graph or overlap_graph(grouped.boxes, grouped.start)
    table: Columns = {"row": grouped.row, "class_index": grouped.class_of(), "image_index": grouped.image}
    table |= {"boxes_xywh": grouped.boxes, "score": grouped.scores}
    graph_columns: Columns = dict(zip(_GRAPH, (*graph[0], *graph[1]), strict=True))
    metadata = {
        "rule": json.dumps(asdict(truth.rule)),
        "unscored": json.dumps(prepared.unscored),
        "made_from": made_from,
    }
    contents: dict[str, tuple[Columns, dict[str, str]]] = {
        "sorted": (table, {}),
        "graph": (graph_columns, {}),
        "set": (_set_columns(prepared), metadata),
    }
    for name in ("sorted", "graph", "set"):
        columns, extra = contents[name]
        write_atomically(folder / f"{name}.arrow", _bytes(name, columns, {**extra, "detections": str(len(grouped))}))
    return PreparedSet(truth, grouped, prepared.candidates, prepared.unscored, graph)


def open_prepared(folder: Path, verify: bool = False) -> PreparedSet:
    """Memory-maps what `write_prepared` wrote; pages are read when they are touched and never written back.

    Args:
        folder: of the set.
        verify: read everything and compare it with the checksums.

    Raises:
        InputError: there is no set.
        DamagedFileError: cut off, changed, not ours, or of another schema version.
    """
    if not (folder / "set.arrow").exists():
        raise InputError("a prepared set is a folder with set.arrow", str(folder), "prepare the raw set first")
    return _opened(folder, verify)[0]


_GRAPH = ("after_start", "after_row", "after_iou", "before_start", "before_row", "before_iou")
_GROUPED = ("category_id", "image_id", "start", "class_start")
_TRUTH = ("weight", "truth_start", "truth_boxes", "requirement", "is_crowd", "count")
_CANDIDATES = ("candidate_start", "pair_start", "pair_box", "pair_met", "slot")


def _made_from(truth: Truth, detections: Detections, rule: Rule) -> str:
    parts = (truth_fingerprint(truth), detections_fingerprint(detections), rule_fingerprint(rule))
    return joined_fingerprint(*parts)


def _set_columns(prepared: PreparedSet) -> Columns:
    grouped, truth, candidates = prepared.detections, prepared.truth, prepared.candidates
    groups = (grouped.category_id, grouped.image_id, grouped.start, grouped.class_start)
    boxes = (truth.weight, truth.start, truth.boxes, truth.requirement, truth.is_crowd.view(np.uint8), truth.count)
    numbers = (candidates.start, *candidates.pairs, candidates.slot)
    return dict(zip((*_GROUPED, *_TRUTH, *_CANDIDATES), (*groups, *boxes, *numbers), strict=True))


def _bytes(name: str, columns: Columns, metadata: Mapping[str, str]) -> bytes:
    """An Arrow file of one row: each column a list, its shape and checksum in the metadata; `sorted` has plain rows."""
    shapes = json.dumps({key: [values.dtype.str, list(values.shape)] for key, values in columns.items()})
    checks = json.dumps({key: _checksum(values) for key, values in columns.items()})
    flat = {key: pa.array(np.ascontiguousarray(values).reshape(-1)) for key, values in columns.items()}
    if name == "sorted":
        flat["boxes_xywh"] = pa.FixedSizeListArray.from_arrays(flat["boxes_xywh"], 4)
    else:
        flat = {key: pa.LargeListArray.from_arrays([0, len(values)], values) for key, values in flat.items()}
    about = {**metadata, "schema": f"{SCHEMA} {name}", "shapes": shapes, "checksums": checks}
    content = pa.record_batch(flat).replace_schema_metadata(about)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, content.schema) as writer:
        writer.write_batch(content)
    return cast(bytes, sink.getvalue().to_pybytes())


def _checksum(values: npt.NDArray[np.generic]) -> str:
    return hashlib.blake2b(np.ascontiguousarray(values).data, digest_size=8).hexdigest()


def _opened(folder: Path, verify: bool) -> tuple[PreparedSet, str]:
    parts = {name: _columns(folder / f"{name}.arrow", name, verify) for name in FILES}
    lengths = {about["detections"] for _, about in parts.values()}
    (table, _), (columns, about), (graph, _) = (parts[name] for name in FILES)
    try:
        if lengths != {str(len(table["score"]))}:
            raise ValueError(f"its files hold {sorted(lengths)} detections")
        prepared = _prepared(table, columns, graph, about)
        _check_lengths(prepared)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(f"{folder} is no complete prepared set ({error}); delete it") from error
    return prepared, about["made_from"]


def _prepared(table: Columns, columns: Columns, graph: Columns, about: Mapping[str, str]) -> PreparedSet:
    category_id, image_id, start, class_start = (columns[key] for key in _GROUPED)
    weight, truth_start, boxes, requirement, is_crowd, count = (columns[key] for key in _TRUTH)
    rule = rule_from_dict(json.loads(about["rule"]))
    truth = PreparedTruth(
        rule, category_id, weight, image_id, truth_start, boxes, requirement, is_crowd.view(np.bool_), count
    )
    in_rows = (table["row"], start, class_start, table["image_index"], table["boxes_xywh"], table["score"])
    candidate_start, *pairs, slot = (columns[key] for key in _CANDIDATES)
    after, before = [tuple(graph[key] for key in keys) for keys in (_GRAPH[:3], _GRAPH[3:])]
    return PreparedSet(
        truth,
        Grouped(category_id, image_id, *in_rows),
        Candidates(candidate_start, (pairs[0], pairs[1], pairs[2]), slot),
        {int(id_): amount for id_, amount in json.loads(about["unscored"]).items()},
        (cast(Any, after), cast(Any, before)),
    )


def _check_lengths(prepared: PreparedSet) -> None:
    """Refuses columns that do not fit each other; the kernels would read beyond them."""
    grouped, truth, candidates = prepared.detections, prepared.truth, prepared.candidates
    rows, groups = len(grouped), len(grouped.category_id) * len(grouped.image_id)
    fits = (
        len(grouped.start) == len(truth.start) == groups + 1
        and int(grouped.start[-1]) == len(candidates.slot) == rows
        and int(truth.start[-1]) == len(truth.boxes) == len(truth.is_crowd) == truth.requirement.shape[1]
        and len(candidates.pairs[0]) == int(candidates.start[-1]) + 1
        and int(candidates.pairs[0][-1]) == len(candidates.pairs[1]) == len(candidates.pairs[2])
        and prepared.graph is not None
        and all(len(part[0]) == rows + 1 and int(part[0][-1]) == len(part[1]) for part in prepared.graph)
    )
    if not fits:
        raise ValueError("the lengths of its columns do not fit")


def _columns(path: Path, name: str, verify: bool) -> tuple[Columns, dict[str, str]]:
    """The file's columns as arrays on a private memory map, and its metadata."""
    try:
        with path.open("rb") as file:
            # Copy-on-write: kernels are compiled for writable arrays, and nothing reaches the file.
            memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        content = pa.ipc.open_file(pa.py_buffer(memory)).get_batch(0)
        about = {key.decode(): value.decode() for key, value in (content.schema.metadata or {}).items()}
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DamagedFileError(f"{path} is no complete Arrow file ({error}); delete the prepared set") from error
    if about.get("schema") != f"{SCHEMA} {name}":
        received = about.get("schema")
        raise DamagedFileError(f"{path} must have the schema {SCHEMA} {name}, received {received}; delete it")
    base = np.frombuffer(memory, dtype=np.uint8)
    try:
        shapes = json.loads(about["shapes"])
        columns = {key: _array(content.column(key), base, shapes[key]) for key in shapes}
        checks = json.loads(about["checksums"]) if verify else {}
    except (KeyError, ValueError, pa.ArrowException) as error:
        raise DamagedFileError(f"{path} lacks columns ({error}); delete the prepared set") from error
    changed = [key for key, check in checks.items() if _checksum(columns[key]) != check]
    if changed:
        raise DamagedFileError(f"{path}: {', '.join(changed)} changed since it was written; delete the prepared set")
    return columns, about


def _array(column: pa.Array, base: npt.NDArray[np.uint8], shape: tuple[str, list[int]]) -> npt.NDArray[Any]:
    """A view of the memory map where Arrow found the column's values."""
    values = column.values if isinstance(column, pa.LargeListArray | pa.FixedSizeListArray) else column
    dtype = np.dtype(shape[0])
    if len(values) != int(np.prod(shape[1])):
        raise ValueError(f"{len(values)} values for the shape {shape[1]}")
    if not len(values):
        return np.zeros(shape[1], dtype=dtype)
    first = values.buffers()[1].address - base.ctypes.data
    return base[first : first + len(values) * dtype.itemsize].view(dtype).reshape(shape[1])
