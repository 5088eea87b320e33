"""The runs that an ensemble is made of: their data, rule and subset, as their ledgers record them. Reads only."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from results.boxes import IntArray
from results.errors import InputError
from results.layout import RunLayout, chosen_run, run_named
from results.ledger import read_events
from results.rules import Rule, load_rule
from trainables.data.dataset import Dataset, load_dataset
from trainables.data.subset_rule import SubsetRule


@dataclass(frozen=True, eq=False)  # one object a run
class Source:
    """Where members come from.

    Attributes:
        layout: the run.
        dataset: its data.
        rule: its rule.
        subset: which images its models were trained on and predict; None for all.
    """

    layout: RunLayout
    dataset: Dataset
    rule: Rule
    subset: SubsetRule | None

    def category_ids(self, number: int) -> IntArray:
        """The contest ids of the classes that a trial detects."""
        config = json.loads(self.layout.trial(number).config.read_text(encoding="utf-8"))
        return np.array(config["category_ids"], dtype=np.int64)


@dataclass(frozen=True)
class Member:
    """One trial of a run."""

    source: Source
    number: int


def open_source(layout: RunLayout) -> Source:
    """The run's data, rule and subset, as its ledger's first line names them."""
    header = read_events(layout.ledger)[0]
    recorded = header.get("subset")
    subset = SubsetRule.from_dict(recorded) if isinstance(recorded, dict) else None
    return Source(layout, load_dataset(Path(str(header["dataset"]))), load_rule(str(header["rule"])), subset)


def open_sources(names: str | None) -> list[Source]:
    """The runs that `--run` names, separated by commas; the newest one without a name.

    Raises:
        InputError: a run is not there or named twice, or they were not made under one rule.
    """
    if names is None or "," not in names:
        return [open_source(chosen_run(names))]
    parts = [part.strip() for part in names.split(",") if part.strip()]
    if len(set(parts)) < len(parts):
        raise InputError("--run names each run once", names, "leave out the repetition")
    sources = [open_source(run_named(part)) for part in parts]
    check_one_rule(sources)
    return sources


def check_one_rule(sources: Sequence[Source]) -> None:
    """Scores of different rules cannot be compared, nor their trials fused.

    Raises:
        InputError: the runs have different rules.
    """
    rules = {source.rule.name for source in sources}
    if len(rules) > 1:
        received = ", ".join(f"{source.layout.name}: {source.rule.name}" for source in sources)
        raise InputError("runs that are fused have one rule", received, "search the subsets under one rule")
