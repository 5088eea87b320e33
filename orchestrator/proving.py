"""Starts the process that proves keys and waits for its answer. The libraries that build detectors stay in there."""

import json
import subprocess
import sys

from results.errors import DetectionSearchError
from trainables.proof.exchange import Answer, Question


class ProofError(DetectionSearchError):
    """The proving process ended without an answer."""


def ask(question: Question) -> Answer:
    """The answer to a question.

    Raises:
        ProofError: the process ended without one.
    """
    command = [sys.executable, "-m", "trainables.proof"]
    asked = json.dumps(question.to_dict())
    done = subprocess.run(command, input=asked, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise ProofError(f"the process that proves keys ended with code {done.returncode}: {said[-1]}")
    return Answer.from_dict(json.loads(done.stdout))
