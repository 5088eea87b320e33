"""What was done to the rows of a delivered file, one entry for each row, and the list of it that is written beside.

Rows are numbered as they stood in the delivered file. This module decides nothing.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from results.layout import write_atomically
from trainables.data.fault_kinds import Table


@dataclass(frozen=True)
class Change:
    """One thing that was done.

    Attributes:
        kind: name of the fault that asked for it.
        table: whose row it was.
        row: its number, counted from 0.
        id: its id in the delivered file, None if it had none.
        did: what was done, and what became of the row.
    """

    kind: str
    table: Table
    row: int
    id: int | None
    did: str


def changes_path(mended: Path) -> Path:
    """Where the list of changes stands: beside the mended file."""
    return mended.with_suffix(".changes.json")


def write_changes(path: Path, delivered: Path, changes: Sequence[Change]) -> None:
    """Writes the list, one change a line, with the delivered file's name and SHA-256."""
    sha256 = hashlib.sha256(delivered.read_bytes()).hexdigest()
    head = json.dumps({"file": delivered.name, "sha256": sha256}, ensure_ascii=False)[:-1]
    lines = ",\n".join(json.dumps(asdict(change), ensure_ascii=False) for change in changes)
    write_atomically(path, f'{head}, "changes": [\n{lines}\n]}}\n')
