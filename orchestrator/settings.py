"""From a command line to a checked search: space, data, rule and budget; every fault found before anything starts.

Imports neither ray nor optuna nor torch, so that bad input is answered at once. Writes nothing.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.config_notices import config_notices, few_weights_notices
from orchestrator.devices import check_devices
from orchestrator.options import Options
from orchestrator.spaces import check_sampler, reads_data, with_classes
from orchestrator.start_weights import seen_before, start_weights_of, unpublished_notices
from orchestrator.teachers import asks_for_teacher, check_unlabelled
from results.errors import DamagedFileError, InputError
from results.layout import RunLayout, newest_run, run_named
from results.ledger import read_events
from results.post_settings import cutoff_notice
from results.rules import load_rule
from search_spaces.loading import load_space, profile_names
from search_spaces.serving import search_notices
from search_spaces.space import Space
from search_spaces.written_form import decisions_sha
from trainables.catalogue import DETECTORS
from trainables.data.dataset import Dataset, DatasetSummary, check_dataset, load_dataset

DEMO = "demo"


@dataclass(frozen=True)
class CheckedData:
    """A data set that was looked through.

    Attributes:
        dataset: where the data lie.
        summary: what they hold, with fingerprints.
    """

    dataset: Dataset
    summary: DatasetSummary

    def record(self) -> dict[str, object]:
        """What a run records of its data, to know them again."""
        return {
            "dataset": str(self.dataset.path),
            "train_digest": self.summary.train.fingerprints.digest,
            "val_digest": self.summary.val.fingerprints.digest,
            **({"unlabelled_digest": self.summary.unlabelled.digest} if self.summary.unlabelled else {}),
            "group_by": self.dataset.group_by,
            **({"overlap": list(self.summary.overlap)} if self.dataset.allow_overlap else {}),
            **({"subset": self.dataset.subset.to_dict()} if self.dataset.subset else {}),
            **({"damaged": dict(self.summary.damaged)} if self.dataset.allow_damaged else {}),
        }


@dataclass(frozen=True)
class Settings:
    """A checked search, ready to start.

    Attributes:
        space: what is searched, its profile applied.
        data: what is trained on, None for a detector that reads none.
        rule: the rule that decides; the data set's own, where it names one.
        trials: all trials of the search.
        hours: wall-clock budget of all sessions, or None.
        seed: of everything random.
        notices: what the user should know before it starts.
    """

    space: Space
    data: CheckedData | None
    rule: str
    trials: int
    hours: float | None
    seed: int
    notices: tuple[str, ...]

    @property
    def dataset_path(self) -> Path | None:
        """DATASET.yaml, where there is one."""
        return self.data.dataset.path if self.data else None

    @property
    def group_by(self) -> str | None:
        """The data set's expression for frames that belong together."""
        return self.data.dataset.group_by if self.data else None

    def record(self) -> dict[str, object]:
        """What a run records of itself, to be known again by a resume."""
        return {
            "space": self.space.name,
            "space_sha": decisions_sha(self.space),
            "profile": self.space.profile,
            **(self.data.record() if self.data else {}),
            "rule": self.rule,
            "trials": self.trials,
            "hours": self.hours,
            "epochs": self.space.search.epochs,
            "seed": self.seed,
        }


def resolve(options: Options, resumed: RunLayout | None) -> Settings:
    """Checks everything a search relies on.

    Args:
        options: the command line.
        resumed: the run to continue, or None for a new one.

    Raises:
        InputError: with rule, value received and remedy; all faults of one file at once.
    """
    earlier = recorded_settings(resumed) if resumed else {}
    profile, why = chosen_profile(options.profile, earlier, profile_names(options.space))
    space = load_space(options.space, DETECTORS, profile)
    check_sampler(space.search.sampler)
    if options.address is None:  # what a cluster has is known once it is joined
        check_devices(space, on_gpu=visible_gpus() > 0 and options.gpus_per_trial != 0)
    dataset = _dataset(space, options, earlier)
    starts = start_weights_of(space)
    rule, rule_notice = _rule(space, dataset)
    check_unlabelled(space, dataset)
    data = None if dataset is None else _checked_data(dataset, rule)
    seen = _seen_before(starts, data)
    space = with_classes(space, options.space, rule, data.summary.categories if data else ())
    cutoffs = cutoff_notice(space.post.cutoffs, load_rule(rule).measure.is_plain_ap)
    trials = options.trials or int(str(earlier.get("trials", space.search.trials)))
    settings = Settings(
        space=space,
        data=data,
        rule=rule,
        trials=trials,
        hours=options.hours or _hours(earlier.get("hours", space.search.hours)),
        seed=options.seed if options.seed is not None else int(str(earlier.get("seed", 0))),
        notices=(
            why,
            *rule_notice,
            *([cutoffs] if cutoffs else []),
            *search_notices(space, trials),
            *few_weights_notices(space.search.keep_checkpoints),
            *(data.summary.notices if data else ()),
            *(config_notices(space, data.summary.train.images) if data else ()),
            *seen,
            *unpublished_notices(space),
        ),
    )
    if resumed:
        _check_unchanged(settings, earlier, resumed)
    return settings


def _hours(recorded: object) -> float | None:
    return None if recorded is None else float(str(recorded))


def run_to_resume(options: Options) -> RunLayout | None:
    """The run that `--resume` means, or None without it.

    Raises:
        InputError: there is no such run.
    """
    if not options.resume:
        return None
    return run_named(options.name) if options.name else newest_run()


def recorded_settings(run: RunLayout) -> dict[str, object]:
    """What `Settings.record` wrote when the run began.

    Raises:
        DamagedFileError: the file is not ours, or neither is the ledger.
    """
    if not run.settings.exists():
        return dict(read_events(run.ledger)[0])  # killed within its first moments; the ledger says the same
    try:
        content = json.loads(run.settings.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DamagedFileError(f"a run keeps its settings in {run.settings}; it cannot be read ({error})") from error
    if not isinstance(content, dict):
        raise DamagedFileError(f"a run keeps its settings in {run.settings}; the file holds something else")
    return content


def chosen_profile(asked: str, earlier: dict[str, object], names: Sequence[str]) -> tuple[str, str]:
    """The profile to use among those that the space has, and a line that says why."""
    if asked != "auto":
        return asked, f"profile {asked}: asked for"
    if "profile" in earlier:
        return str(earlier["profile"]), f"profile {earlier['profile']}: the resumed run's"
    gpus = visible_gpus()
    if gpus:
        return "full", f"profile full: {gpus} GPU{'s' if gpus > 1 else ''} on this machine"
    if DEMO not in names:
        return "full", "profile full: the space has no demo profile (there is no GPU on this machine: expect to wait)"
    return "demo", "profile demo: no GPU on this machine (--profile full trains the full-size space all the same)"


def visible_gpus() -> int:
    """NVIDIA devices that this process may use, found without importing torch."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    devices = sum(1 for path in Path("/dev").glob("nvidia*") if path.name.removeprefix("nvidia").isdigit())
    if visible is None:
        return devices
    return min(devices, len([one for one in visible.split(",") if one.strip() not in ("", "-1")]))


def dataset_path(asked: str | None, earlier: dict[str, object]) -> Path:
    """The DATASET.yaml that `--data` means; the demonstration's is rendered on first use."""
    if asked is None and "dataset" in earlier:
        return Path(str(earlier["dataset"]))
    if asked in (None, DEMO):
        from trainables.data.demo import demo_dataset  # draws with OpenCV: imported only where it is needed

        return demo_dataset()
    if str(asked).startswith(f"{DEMO}-full") and not Path(str(asked)).suffix:
        return _demo_full(str(asked))
    return Path(str(asked))


def _demo_full(asked: str) -> Path:
    from trainables.data.demo_full import FILE_OF, demo_full_dataset  # as above

    if asked not in FILE_OF:
        rule = f"--data is demo, {', '.join(FILE_OF)} or a DATASET.yaml"
        raise InputError(rule, asked, "choose one of them")
    return demo_full_dataset(asked)


def _dataset(space: Space, options: Options, earlier: dict[str, object]) -> Dataset | None:
    named, needed = options.data or earlier.get("dataset"), reads_data(space)
    if not named and not needed:
        return None
    return load_dataset(dataset_path(options.data, earlier))


def _checked_data(dataset: Dataset, rule: str) -> CheckedData:
    summary = check_dataset(dataset, say=print)
    _check_classes(rule, summary)
    return CheckedData(dataset, summary)


def _seen_before(starts: Sequence[Path], data: CheckedData | None) -> tuple[str, ...]:
    if data is None:
        return ()
    dataset = data.dataset
    return seen_before(starts, dataset.val, data.summary.val.fingerprints, dataset.allow_overlap)


def _rule(space: Space, dataset: Dataset | None) -> tuple[str, tuple[str, ...]]:
    own = dataset.rule if dataset else None
    rule = own or space.rule
    if not rule:
        remedy = "add rule: coco50, or another, to the space or to DATASET.yaml"
        raise InputError("the space or the data set must name a rule", f"none in {space.name}", remedy)
    load_rule(rule)
    if own and space.rule and own != space.rule:
        return rule, (f"rule {rule}: the data set names it (the space says {space.rule})",)
    return rule, ()


def _check_classes(rule: str, summary: DatasetSummary) -> None:
    scored = {category.id for category in load_rule(rule).categories}
    own = {category.id for category in summary.categories}
    if scored and not scored & own:
        shown = f"rule {rule} scores ids {sorted(scored)}, the data has {sorted(own)}"
        raise InputError("rule and data share a category", shown, "give the data set a rule of its own (rule: coco50)")
    for label, split, purpose in (("train", summary.train, "learn from"), ("val", summary.val, "score")):
        used = {id_: count for id_, count in split.used_of.items() if not scored or id_ in scored}
        if not any(used.values()):
            received = f"{split.boxes} boxes, none of them of a class that rule {rule} scores"
            remedy = "choose another annotation file, or another rule"
            raise InputError(f"{label} must hold a box to {purpose}", received, remedy)


def _check_unchanged(settings: Settings, earlier: dict[str, object], run: RunLayout) -> None:
    now = settings.record()
    words = {"space_sha": "space", "train_digest": "training data", "val_digest": "validation data", "rule": "rule"}
    # A run that is older than such images has none on record, and what no trial learns from may change.
    if "unlabelled_digest" in earlier and asks_for_teacher(settings.space):
        words["unlabelled_digest"] = "set of unlabelled images"
    for key, word in words.items():
        if now.get(key) != earlier.get(key):
            # A shipped space may have changed with the program; the run has its own copy.
            undo = f"give --space {run.space}, its own copy" if key == "space_sha" else "undo the change"
            remedy = f"{undo}, or start a new search under another --name"
            received = f"another {word} than {run.name} began with"
            raise InputError("a resumed search keeps its space, data and rule", received, remedy)
    if now["seed"] != earlier.get("seed"):
        remedy = f"use --seed {earlier.get('seed')}, or leave it out"
        raise InputError("a resumed search keeps its seed", f"--seed {now['seed']}", remedy)
