"""Fingerprints of what a number was computed from: detections, truth, rules. Equal content, equal text.

Hashes columns, not files, so that the same boxes read from json or Arrow are the same data.
"""

import hashlib
import json
from dataclasses import asdict

import numpy as np
import numpy.typing as npt

from results.boxes import Detections, Truth
from results.rules import Rule

LENGTH = 16


def detections_fingerprint(detections: Detections) -> str:
    """Of all columns, in their order."""
    return _of_columns(detections.image_id, detections.category_id, detections.boxes_xywh, detections.scores)


def truth_fingerprint(truth: Truth) -> str:
    """Of what a score depends on: images, category ids and boxes."""
    ids = np.array([category.id for category in truth.categories], dtype=np.int64)
    columns = (truth.images.image_id, ids, truth.image_id, truth.category_id, truth.boxes_xywh, truth.is_crowd)
    return _of_columns(*columns)


def rule_fingerprint(rule: Rule) -> str:
    """Of everything the rule says, its name included."""
    return _shortened(hashlib.sha256(json.dumps(asdict(rule), sort_keys=True, default=str).encode()))


def joined_fingerprint(*parts: str) -> str:
    """One fingerprint of several."""
    return _shortened(hashlib.sha256("\n".join(parts).encode()))


def _of_columns(*columns: npt.NDArray[np.generic]) -> str:
    found = hashlib.sha256()
    for column in columns:
        found.update(f"{column.dtype}{column.shape}".encode())
        found.update(np.ascontiguousarray(column).data)
    return _shortened(found)


def _shortened(found: "hashlib._Hash") -> str:
    return found.hexdigest()[:LENGTH]
