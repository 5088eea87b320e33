"""The mark of a label that a model made: `"pseudo": true` in its annotation row.

`prepare pseudo` writes it; whoever reads truth for scoring asks here whether a file has any.
"""

from pathlib import Path

from results.coco_json import load_json, rows_of, table

PSEUDO = "pseudo"


def pseudo_labels(annotations: Path) -> int:
    """How many annotations of a COCO file are marked.

    Raises:
        InputError: the file cannot be read, or is no COCO file.
    """
    if f'"{PSEUDO}"'.encode() not in annotations.read_bytes():  # most files: parsing a large one takes seconds
        return 0
    rows = rows_of(table(load_json(annotations), "annotations", annotations), f"{annotations}: annotations")
    return sum(1 for row in rows if row.get(PSEUDO))
