"""Sweep tables on disk: AP by setting and class, with the fingerprints of what they were computed from.

Later sweeps of the same raw set read a table instead of evaluating its settings again, and whatever search made the
rows (a grid, a refinement, Optuna), they recombine. Tables of other data or another rule are refused.
"""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa

from results.errors import DamagedFileError, InputError
from results.fingerprints import joined_fingerprint
from results.layout import write_atomically
from results.post_settings import NmsSetting
from results.sweep import SweepTable

SCHEMA = "sweep/1"


def setting_fingerprint(setting: NmsSetting) -> str:
    """Of all fields."""
    return joined_fingerprint(json.dumps(asdict(setting), sort_keys=True))


def write_sweep(path: Path, table: SweepTable, data: str, rule: str) -> None:
    """Writes one row per setting: its fingerprint, fields and the AP of each class.

    Args:
        path: of the Arrow file.
        table: what `sweep` made.
        data: fingerprint of the truth and the raw detections.
        rule: fingerprint of the rule, and of a cap, where one was applied.
    """
    settings = table.settings
    columns = {
        "fingerprint": pa.array([setting_fingerprint(setting) for setting in settings]),
        "kind": pa.array([setting.kind for setting in settings]),
        **{name: pa.array([float(getattr(one, name)) for one in settings]) for name in _NUMBERS},
        **{f"ap_{id_}": pa.array(table.ap[:, place]) for place, id_ in enumerate(table.category_id.tolist())},
    }
    about = {"schema": SCHEMA, "data": data, "rule": rule, "weight": json.dumps(table.weight.tolist())}
    content = pa.table(columns).replace_schema_metadata(about)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, content.schema) as writer:
        writer.write_table(content)
    write_atomically(path, sink.getvalue().to_pybytes())


def read_sweep(path: Path, data: str, rule: str) -> SweepTable:
    """Reads what `write_sweep` wrote.

    Raises:
        DamagedFileError: missing, cut off, not ours, or of another schema.
        InputError: the table is of other data or another rule.
    """
    try:
        content = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        about = {key.decode(): value.decode() for key, value in (content.schema.metadata or {}).items()}
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DamagedFileError(f"{path} is no complete Arrow file ({error}); delete it") from error
    if about.get("schema") != SCHEMA:
        raise DamagedFileError(f"{path} must have the schema {SCHEMA}, received {about.get('schema')}; delete it")
    received = (about.get("data"), about.get("rule"))
    if received != (data, rule):
        remedy = "sweep this raw set anew, under another file name"
        raise InputError("a sweep table is read for its own data and rule", f"{path}: {received}", remedy)
    try:
        return _table(content, json.loads(about["weight"]))
    except (KeyError, TypeError, ValueError, InputError) as error:
        raise DamagedFileError(f"{path} lacks the columns of {SCHEMA} ({error}); delete it") from error


_NUMBERS = ("iou_threshold", "sigma", "min_score")


def _table(content: pa.Table, weight: list[float]) -> SweepTable:
    names = [name for name in content.column_names if name.startswith("ap_")]
    fields = [content.column(name).to_pylist() for name in ("kind", *_NUMBERS)]
    settings = tuple(NmsSetting(*row) for row in zip(*fields, strict=True))
    prints = content.column("fingerprint").to_pylist()
    if prints != [setting_fingerprint(setting) for setting in settings] or len(names) != len(weight):
        raise ValueError("its settings or classes are not those it was written with")
    ap = np.array([content.column(name).to_pylist() for name in names], dtype=np.float64).reshape(len(names), -1).T
    ids = np.array([int(name.removeprefix("ap_")) for name in names], dtype=np.int64)
    return SweepTable(settings, ids, np.array(weight), np.ascontiguousarray(ap))
