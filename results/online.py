"""Scores that a contest's server gave, kept beside the run that made the submission.

They are typed in by the user; nothing here talks to a server. The submission is remembered by its content, so that a
file overwritten later is not taken for the one that was scored.
"""

import hashlib
import math
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from results import json_lines
from results.errors import DamagedFileError, InputError


@dataclass(frozen=True)
class OnlineScore:
    """One upload.

    Attributes:
        file: the submission's path as it was given.
        sha256: of its bytes.
        score: what the server said.
        time: when it was recorded, in seconds since 1970.
    """

    file: str
    sha256: str
    score: float
    time: float


def record_online(path: Path, submission: Path, score: str) -> OnlineScore:
    """Appends a score.

    Args:
        path: the run's record, `RunLayout.online`; created if need be.
        submission: the file that was uploaded.
        score: as typed.

    Raises:
        InputError: no such file, or the score is not a finite number.
    """
    if not submission.is_file():
        raise InputError("a score belongs to a submission", f"no file {submission}", "give the file that was uploaded")
    digest = hashlib.sha256(submission.read_bytes()).hexdigest()
    entry = OnlineScore(str(submission), digest, _parse_score(score), time.time())
    descriptor = json_lines.open_for_append(path)
    try:
        json_lines.append_line(descriptor, asdict(entry))
    finally:
        os.close(descriptor)
    return entry


def read_online(path: Path) -> list[OnlineScore]:
    """All recorded scores, oldest first; none when there is no file.

    Raises:
        DamagedFileError: a line is not such a record.
    """
    try:
        return [
            OnlineScore(str(line["file"]), str(line["sha256"]), float(str(line["score"])), float(str(line["time"])))
            for line in json_lines.read_lines(path)
        ]
    except (KeyError, ValueError) as error:
        raise DamagedFileError(
            f"{path} holds scores by `results.leaderboard --record` only; {error!r} in it"
        ) from error


def _parse_score(text: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise InputError("a score is a finite number", f"--record ... {text}", "type what the server said, as 0.7994")
    return score
