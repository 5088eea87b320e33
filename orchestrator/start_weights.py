"""What the weights that trials start from (`init: FILE`) have seen, checked before anything is trained.

Weights that were trained on a validation image know its answer: a score on it is worth nothing. Reads the files'
records, never their tensors.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestrator.jobs import stated_params
from orchestrator.refusals import excluded
from results.errors import InputError, InputErrors
from search_spaces.points import combinations_of, complete_point
from search_spaces.space import DETECTOR, Space
from trainables.data.dataset import Source
from trainables.data.fingerprint import ImageFingerprints
from trainables.data.split_faults import start_faults
from trainables.notation import NONE
from trainables.published_weights import KEYS, WORDS, Published, published
from trainables.trained_on import read_trained_on

_INIT = "init"


def start_weights_of(space: Space) -> tuple[Path, ...]:
    """The files that trials of this space may start from.

    Raises:
        InputError: one of them is not there, or published weights are asked for that do not exist at all, or not where
            a default or known point asks.
    """
    given = _given(space)
    files = given.difference(WORDS)
    missing = sorted(path for path in files if not Path(path).is_file())
    if missing:
        rule = "init names weights on this machine"
        raise InputError(rule, ", ".join(missing), "give the path of a checkpoint, relative to this folder or absolute")
    meant = _published(space) if given.intersection(WORDS) else ()
    for one in meant:
        if not one.path.is_file():
            remedy = f"download {one.url} into it"  # the file's name is the address's end
            raise InputError("published weights must be on this machine", f"none in {one.path.parent}", remedy)
    return tuple(sorted({*map(Path, files), *(one.path for one in meant)}))


def _given(space: Space) -> set[str]:
    """What `init` takes, but for "none"."""
    return {str(value) for one in space.train if one.name == _INIT for value in one.domain.values()} - {NONE}


def unpublished_notices(space: Space) -> tuple[str, ...]:
    """Which points are never handed out because nobody published what `init` asks for there."""
    faults = [one for one in _meant(space) if isinstance(one, InputError)]
    more = f" and {len(faults) - 1} more of the combinations" if len(faults) > 1 else ""
    return tuple(f"{one.rule}; points without any are not tried: {one.received}{more}" for one in faults[:1])


def _published(space: Space) -> tuple[Published, ...]:
    """What the words of `init` mean at the space's points; those that are tried first have such weights."""
    first = (complete_point(space.train, {DETECTOR: name}) for name in space.detectors())
    for point in (*first, *space.known):
        if point.get(_INIT) in WORDS:
            _of(space, point)
    meant = _meant(space)
    found = {one for one in meant if isinstance(one, Published)}
    if not found and meant:
        raise InputErrors([one for one in meant if isinstance(one, InputError)][:1])
    return tuple(sorted(found, key=lambda one: one.path))


def _meant(space: Space) -> list[Published | InputError]:
    """The file, or why there is none, of every combination that `published` looks at."""
    if not _given(space).intersection(WORDS):
        return []
    points = combinations_of(space, _with_conditions(space, (DETECTOR, _INIT, *KEYS)))
    asking = [point for point in points if point.get(_INIT) in WORDS and excluded(space, point) is None]
    meant: list[Published | InputError] = []
    for point in asking:
        try:
            meant.append(_of(space, point))
        except InputError as error:
            meant.append(error)
    return meant


def _of(space: Space, point: Mapping[str, object]) -> Published:
    return published(str(point[_INIT]), space.detector_at(point), stated_params(space, point))


def _with_conditions(space: Space, names: Sequence[str]) -> tuple[str, ...]:
    """The names, and those of the keys that decide whether they are active."""
    deciding = {one.key for dimension in space.train if dimension.name in names for one in dimension.when}
    return _with_conditions(space, (*names, *sorted(deciding.difference(names)))) if deciding - {*names} else (*names,)


def seen_before(starts: Sequence[Path], val: Source, prints: ImageFingerprints, allowed: bool) -> tuple[str, ...]:
    """Checks that no start has seen a validation image.

    Args:
        starts: weights files.
        val: where the validation images lie.
        prints: of the validation images.
        allowed: the data set's `allow_overlap`.

    Returns:
        Notices: what is allowed, and which files cannot be told.

    Raises:
        InputErrors: a start was trained on validation images, and that is not allowed.
        DamagedFileError: a file's record of its images is not ours.
    """
    faults, notices = [], []
    for start in starts:
        record = read_trained_on(start)
        unknown = [str(start)] if record is None else list(record.unknown_starts)
        notices += [_unknown_notice(start, path) for path in unknown]
        if record is not None:
            faults += start_faults(start, _shared(record.images, val, prints))
    if faults and not allowed:
        raise InputErrors(faults)
    return (*(f"the data set allows it: {fault.received}" for fault in faults), *notices)


def _shared(seen: ImageFingerprints, val: Source, prints: ImageFingerprints) -> list[tuple[str, str]]:
    from trainables.data.overlap import seen_names  # decodes with OpenCV: imported only where it is needed

    return seen_names(seen, val.images, prints)


def _unknown_notice(start: Path, unknown: str) -> str:
    began = "" if unknown == str(start) else f", which {start} began from,"
    return (
        f"init: {unknown}{began} does not say what it was trained on: see to it that no validation image was among it"
    )
