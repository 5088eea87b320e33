"""The bench of the fake detector: its trials run on paper. Imports no torch."""

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from trainables.fake import Wait, WorkerKilled, peak_gib, steps
from trainables.jobs import Finished, Rung, TrialJob
from trainables.proof.verdicts import Outcome


class FakeBench:
    """Runs fake trials on paper: what they report, how long they say that it takes, and the memory they need."""

    size = 0

    def outcome(self, job: TrialJob) -> Outcome:
        """See `verdicts.Bench`."""
        built = {"peak_gib": f"{peak_gib(job):.6g}"}
        with tempfile.TemporaryDirectory() as folder:
            try:
                for number, step in enumerate(steps(_on_paper(job, folder))):
                    match step:
                        case Wait(seconds):
                            built[f"seconds.{number}"] = f"{seconds:g}"
                        case Rung(epoch, score):
                            built[f"score.{epoch}"] = f"{score}"
                        case Finished(score):
                            built["score"] = f"{score}"
            except (Exception, WorkerKilled) as error:  # failures are among what is asked for
                built["failure"] = type(error).__name__
        return Outcome(built, {})

    def reads(self, job: TrialJob, places: Collection[str]) -> frozenset[str]:
        """Nothing is held."""
        return frozenset()

    def configuration(self, job: TrialJob) -> Mapping[str, Any]:
        """See `verdicts.Bench`."""
        return {"params": job.params}


def _on_paper(job: TrialJob, folder: str) -> TrialJob:
    """The job with its first and last report: each is a checkpoint that is written for good."""
    return replace(job, folder=folder, rungs=tuple(dict.fromkeys((job.rungs[0], job.rungs[-1]))))
