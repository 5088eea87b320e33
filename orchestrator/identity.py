"""What a point builds, in a word: equal exactly when two trials would train, predict and score the same.

The word covers the effective configuration and all it is judged by: images and annotations by their content, the rule
by what it says. So it holds across runs, folders and machines. Chance has no part in it: every trial has its own seed.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

from orchestrator.jobs import complete_params, complete_views
from orchestrator.refusals import conflict
from orchestrator.repeats import Identity, canonical
from orchestrator.settings import Settings
from orchestrator.spaces import reads_data
from results.fingerprints import joined_fingerprint, rule_fingerprint
from results.rules import load_rule
from search_spaces.space import Space
from trainables.detectors.teaching import is_taught
from trainables.effective import TrainingData, training_data, trial_hash
from trainables.jobs import TrialJob
from trainables.notation import NONE


def terms_of(settings: Settings) -> str:
    """What a search's scores depend on beside its points: equal where scores of two runs may be compared."""
    judged = [rule_fingerprint(load_rule(settings.rule)), str(settings.group_by)]
    if settings.data is not None:
        summary = settings.data.summary
        judged += [summary.train.fingerprints.digest, summary.val.fingerprints.digest]
    return joined_fingerprint(*judged)


def identity_of(settings: Settings) -> Identity:
    """Names what the points of a search build; one whose values exclude each other builds nothing, and is its own."""
    terms, space, data = terms_of(settings), settings.space, _placeless_data(settings)

    def identity(point: Mapping[str, object]) -> str:
        if conflict(space, point) is not None:
            return canonical(point)
        job = _job(space, point)
        return joined_fingerprint(terms, trial_hash(job, data), _start_weights(job), *_unlabelled(settings, job))

    return identity


def _placeless_data(settings: Settings) -> TrainingData | None:
    if settings.data is None or not reads_data(settings.space):
        return None
    data = training_data(settings.data.dataset, settings.data.summary.categories, load_rule(settings.rule))
    # Their content is among the terms, or in `_unlabelled`.
    return replace(data, annotations="", images="", unlabelled="", unlabelled_list="")


def _unlabelled(settings: Settings, job: TrialJob) -> tuple[str, ...]:
    """The unlabelled images, for a trial that learns from them."""
    if not is_taught(job.params) or settings.data is None or settings.data.summary.unlabelled is None:
        return ()
    return (settings.data.summary.unlabelled.digest,)


def _job(space: Space, point: Mapping[str, object]) -> TrialJob:
    params = complete_params(space, point)
    return TrialJob(
        number=0,
        detector=space.detector_at(point),
        params=params,
        views=tuple(complete_views(space, point)),
        post=asdict(space.post),
        rungs=(),
        dataset="",
        rule="",
        seed=0,
        folder="",
    )


def _start_weights(job: TrialJob) -> str:
    """Size and age of the starting weights: another file under the same name starts another training."""
    start = str(job.params.get("init", NONE))
    if start == NONE:
        return NONE
    file = Path(start).stat()
    return f"{file.st_size} {file.st_mtime_ns}"
