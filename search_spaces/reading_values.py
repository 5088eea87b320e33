"""Nodes of a space file -> checked single values and fixed sections (`post`, `search`).

Every reader notes its faults and returns something usable, so that reading goes on and finds the next fault.
It does not look at `train`, `predict` or `known`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields

from results.faults import Faults
from results.nearest import suggestion
from results.yaml_nodes import Entry, ListNode, MapNode, Node, ScalarNode
from search_spaces.domains import Value
from search_spaces.space import (
    MOST_REPORTS,
    Hyperband,
    MedianPruning,
    NoPruning,
    ParameterSpec,
    PostSettings,
    Pruning,
    SearchSettings,
    SuccessiveHalving,
)

NMS_KINDS = ("hard", "soft_linear", "soft_gaussian")
SAMPLERS = ("tpe", "gp", "cmaes", "random", "grid")
PRUNERS = ("successive_halving", "hyperband", "median", "none")
NONE = "none"


def entries_of(node: Node | None, name: str, faults: Faults) -> tuple[Entry, ...]:
    """The entries of a section; none for an absent or empty one."""
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        return ()
    if isinstance(node, MapNode):
        return node.entries
    faults.add(node.line, f"{name} is a mapping of keys to values", node.shown(), f"write {name}: {{key: value}}")
    return ()


def checked_value(spec: ParameterSpec, node: Node, faults: Faults) -> Value | None:
    """The value of a parameter, whole numbers made floats where the parameter is one; None after a fault."""
    if not isinstance(node, ScalarNode) or node.value is None:
        faults.add(node.line, f"{spec.name} takes single values", node.shown(), 'write one value (quote lists: "8,11")')
        return None
    value = node.value
    if isinstance(spec.default, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    fault = spec.fault(value)
    if fault is None:
        return value
    rule, _, remedy = fault.partition("; ")
    faults.add(node.line, rule, node.shown(), remedy or f"change the value of {spec.name}")
    return None


class Section:
    """A section whose keys are fixed by this program: each is read with its rule, and what is left over is unknown."""

    def __init__(self, name: str, node: Node | None, known: Sequence[str], faults: Faults) -> None:
        """Notes the unknown keys.

        Args:
            name: as messages call the section.
            node: its mapping, None when the file has none.
            known: the keys it may have.
            faults: where faults are noted.
        """
        self._faults = faults
        self._name = name
        entries = entries_of(node, name, faults)
        self._entries = {entry.key: entry.value for entry in entries}
        for entry in entries:
            if entry.key not in known:
                faults.add(entry.line, f"{name} has no key {entry.key}", entry.shown(), suggestion(entry.key, known))

    def node(self, key: str) -> Node | None:
        """The node of `key`, None when it is absent."""
        return self._entries.get(key)

    def word(self, key: str, words: Sequence[str], default: str) -> str:
        """One of `words`."""
        node = self._entries.get(key)
        return default if node is None else self._word_at(key, node, words, default)

    def words(self, key: str, words: Sequence[str], default: tuple[str, ...]) -> tuple[str, ...]:
        """A list of different words, at least one."""
        node = self._entries.get(key)
        if node is None:
            return default
        if not isinstance(node, ListNode) or not node.items:
            self._faults.add(node.line, f"{self._name}.{key} is a list", node.shown(), f"write [{', '.join(words)}]")
            return default
        read = tuple(self._word_at(key, item, words, "") for item in node.items)
        if len(set(read)) < len(read) and all(read):
            self._faults.add(node.line, f"{self._name}.{key} names each once", node.shown(), "remove the repetition")
        return read

    def whole(self, key: str, low: int, default: int) -> int:
        """A whole number of at least `low`."""
        number = self._number(key, low, default, whole=True)
        return default if number is None else int(number)

    def whole_or_null(self, key: str, low: int, default: int | None) -> int | None:
        """A whole number of at least `low`, or null for "no limit"."""
        number = self.number_or_null(key, low, default, whole=True)
        return None if number is None else int(number)

    def hours_or_null(self, key: str) -> float | None:
        """A number above 0, or null for "no limit"."""
        number = self.number_or_null(key, 0, None, whole=False)
        node = self._entries.get(key)
        if number == 0 and node is not None:
            self._faults.add(node.line, f"{self._name}.{key} is above 0", node.shown(), "write null for no limit")
        return None if number is None else float(number)

    def truth(self, key: str, default: bool) -> bool:
        """true or false."""
        node = self._entries.get(key)
        value = default if node is None else node.value if isinstance(node, ScalarNode) else None
        if isinstance(value, bool):
            return value
        if node is not None:
            self._faults.add(node.line, f"{self._name}.{key} is true or false", node.shown(), "write true or false")
        return default

    def text_or_null(self, key: str) -> str | None:
        """Text that is not empty, or null."""
        node = self._entries.get(key)
        value = node.value if isinstance(node, ScalarNode) else None
        if node is None or (isinstance(node, ScalarNode) and value is None):
            return None
        if isinstance(value, str) and value:
            return value
        self._faults.add(node.line, f"{self._name}.{key} is text", node.shown(), "write it in quotes")
        return None

    def text_or_none(self, key: str) -> str | None:
        """Text that is not empty, or the word none, or null."""
        text = self.text_or_null(key)
        return None if text == NONE else text

    def number_or_null(self, key: str, low: float, default: float | None, whole: bool) -> float | None:
        """A number of at least `low`, or null for "no limit"."""
        node = self._entries.get(key)
        if isinstance(node, ScalarNode) and node.value is None:
            return None
        return self._number(key, low, default, whole)

    def _number(self, key: str, low: float, default: float | None, whole: bool) -> float | None:
        node = self._entries.get(key)
        if node is None:
            return default
        value = node.value if isinstance(node, ScalarNode) else None
        fits = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if fits and isinstance(value, int | float) and value >= low:
            return value
        kind = "a whole number" if whole else "a number"
        self._faults.add(
            node.line, f"{self._name}.{key} is {kind} of at least {low}", node.shown(), "write such a number"
        )
        return default

    def _word_at(self, key: str, node: Node, words: Sequence[str], default: str) -> str:
        shown = node.shown()
        if isinstance(node, ScalarNode) and shown in words:
            return shown
        remedy = suggestion(shown, words)
        self._faults.add(node.line, f"{self._name}.{key} is one of {', '.join(words)}", shown, remedy)
        return default


def read_post(node: Node | None, faults: Faults) -> PostSettings:
    """The `post` section."""
    section = Section("post", node, tuple(field.name for field in fields(PostSettings)), faults)
    default = PostSettings()
    suppress = section.word("suppress", ("within_class", "across_classes"), default.suppress)
    cap = section.number_or_null("max_per_image", 1, default.max_per_image, whole=True)
    return PostSettings(
        nms=section.words("nms", NMS_KINDS, default.nms),
        per_class=_read_per_class(section, suppress, faults),
        cutoffs=section.word("cutoffs", ("tolerance", "none", "optuna"), default.cutoffs),
        max_per_image=None if cap is None else int(cap),
        search=section.word("search", ("exact", "optuna"), default.search),
        suppress=suppress,
    )


def _read_per_class(section: Section, suppress: str, faults: Faults) -> str:
    """How classes may differ; coupled classes cannot, and who asks for it is told."""
    coupled = suppress == "across_classes"
    word = section.word("per_class", ("gate", "argmax", "global"), "global" if coupled else PostSettings.per_class)
    node = section.node("per_class")
    if not coupled or word == "global" or node is None:
        return word
    rule = (
        "post.per_class is global where post.suppress is across_classes: classes that suppress each other are coupled"
    )
    faults.add(node.line, rule, node.shown(), "write per_class: global, or suppress: within_class")
    return "global"


def read_search(node: Node | None, faults: Faults) -> SearchSettings:
    """The `search` section."""
    section = Section("search", node, tuple(field.name for field in fields(SearchSettings)), faults)
    default = SearchSettings()
    epochs = section.whole("epochs", 0, default.epochs)
    return SearchSettings(
        sampler=section.word("sampler", SAMPLERS, default.sampler),
        pruner=_read_pruner(section.node("pruner"), faults),
        epochs=epochs,
        trials=section.whole("trials", 1, default.trials),
        hours=section.hours_or_null("hours"),
        report_every=_read_report_every(section, epochs, faults),
        gpu_hours=section.hours_or_null("gpu_hours"),
        trial_hours=section.hours_or_null("trial_hours"),
        patience=section.whole_or_null("patience", 1, default.patience),
        retry_out_of_memory=section.truth("retry_out_of_memory", default.retry_out_of_memory),
        reuse=section.truth("reuse", default.reuse),
        warm_start=section.text_or_none("warm_start"),
        confirm=section.whole("confirm", 0, default.confirm),
        keep_checkpoints=section.whole_or_null("keep_checkpoints", 1, default.keep_checkpoints),
        storage=section.text_or_null("storage"),
    )


def _read_report_every(section: Section, epochs: int, faults: Faults) -> int:
    """Long trainings report less often, so that a trial's line in the ledger stays short."""
    least = max(-(-epochs // MOST_REPORTS), 1)
    report_every, node = section.whole("report_every", 1, least), section.node("report_every")
    if node is not None and report_every < least:
        rule = f"a trial reports at most {MOST_REPORTS} times"
        faults.add(node.line, rule, f"{node.shown()} in {epochs} epochs", f"write report_every: {least}")
    return report_every


def _read_pruner(node: Node | None, faults: Faults) -> Pruning:
    if node is None:
        return SearchSettings().pruner
    if not isinstance(node, MapNode):
        node = MapNode((Entry("name", node.line, node),), node.line)
    name = node.find("name")
    if name is None:
        faults.add(node.line, "search.pruner has a name", node.shown(), f"write name: {' | '.join(PRUNERS)}")
        return NoPruning()
    word = Section("search.pruner", MapNode((name,), node.line), ("name",), faults).word("name", PRUNERS, "")
    return _pruner_named(word, node, faults)


def _pruner_named(word: str, node: MapNode, faults: Faults) -> Pruning:
    if word == "successive_halving":
        section = Section("search.pruner", node, ("name", "reduction_factor", "min_epochs"), faults)
        return SuccessiveHalving(
            section.whole("reduction_factor", 2, SuccessiveHalving.reduction_factor),
            section.whole("min_epochs", 1, SuccessiveHalving.min_epochs),
        )
    if word == "hyperband":
        section = Section("search.pruner", node, ("name", "reduction_factor", "min_epochs"), faults)
        return Hyperband(
            section.whole("reduction_factor", 2, Hyperband.reduction_factor),
            section.whole("min_epochs", 1, Hyperband.min_epochs),
        )
    if word == "median":
        section = Section("search.pruner", node, ("name", "startup_trials", "warmup_epochs"), faults)
        return MedianPruning(
            section.whole("startup_trials", 0, MedianPruning.startup_trials),
            section.whole("warmup_epochs", 0, MedianPruning.warmup_epochs),
        )
    if word == "none":
        Section("search.pruner", node, ("name",), faults)
    return NoPruning()


def by_key(entries: Sequence[Entry]) -> Mapping[str, Entry]:
    """Entries by their key."""
    return {entry.key: entry for entry in entries}
