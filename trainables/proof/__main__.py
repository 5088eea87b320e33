"""The process that proves keys: a `Question` on standard input, an `Answer` on standard output, both json.

Libraries print on standard output; what they print goes to standard error, which the asking process keeps.
"""

import json
import os
import sys
import warnings

from trainables.proof.answering import answer
from trainables.proof.exchange import Question


def main() -> None:
    """Answers one question."""
    question = Question.from_dict(json.load(sys.stdin))
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as reply:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        warnings.simplefilter("ignore")
        json.dump(answer(question).to_dict(), reply)


if __name__ == "__main__":
    main()
