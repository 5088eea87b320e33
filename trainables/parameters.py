"""What a detector lets vary, as plain data: parameters with a default and a rule, grouped into a `Detector`.

Satisfies `search_spaces.space.ParameterSpec` and `DetectorSpec` by shape; neither package imports the other. No torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from results.errors import InputError
from results.nearest import nearest

Default = bool | int | float | str


@dataclass(frozen=True)
class Parameter:
    """One thing that a space file may set or search.

    Attributes:
        name: the key in a space file.
        default: its value where a space does not name it; its type is the parameter's.
        description: one line for people.
        rule: what a value must be, as a sentence that begins with the parameter's name.
        remedy: what to write instead.
        accepts: whether a value obeys the rule.
        per_class: whether it may have a value for each class; `default` and `accepts` are of one class.
        needs: name and value of the train parameter without which it does nothing; None for most.
        words: all values, of a parameter that is one of several words.
    """

    name: str
    default: Default
    description: str
    rule: str
    remedy: str
    accepts: Callable[[object], bool] = field(repr=False)
    per_class: bool = False
    needs: tuple[str, Default] | None = None
    words: tuple[str, ...] = ()

    def fault(self, value: object) -> str | None:
        """None when the value is fine, else "the rule it breaks; the remedy"."""
        if self.accepts(value):
            return None
        near = nearest(value, self.words) if isinstance(value, str) else None
        return f"{self.rule}; {f'did you mean {near}?' if near else self.remedy}"


Conflict = Callable[[Mapping[str, object]], str | None]


def first_conflict(*checks: Conflict) -> Conflict:
    """What the first of several checks finds, as one check."""

    def check(parameters: Mapping[str, object]) -> str | None:
        return next((fault for one in checks if (fault := one(parameters)) is not None), None)

    return check


def _no_conflict(_parameters: Mapping[str, object]) -> str | None:
    """Any parameters go together."""
    return None


@dataclass(frozen=True)
class Detector:
    """A detector and everything about it that may vary.

    Attributes:
        description: one line for people.
        train: parameters whose change means training again, by name.
        predict: parameters whose change means one more pass over the images, by name.
        conflict: takes complete train parameters; None when they go together, else "the rule; the remedy".
        reads_data: whether its trials need a data set.
        configured_by: reads the configuration file that describes the detector, for the one that has such a file.
    """

    description: str
    train: Mapping[str, Parameter]
    predict: Mapping[str, Parameter]
    conflict: Conflict = field(default=_no_conflict, repr=False)
    reads_data: bool = True
    configured_by: Callable[[str], Mapping[str, object]] | None = field(default=None, repr=False)

    def combination_fault(self, parameters: Mapping[str, object]) -> str | None:
        """None when these complete train parameters go together, else "the rule they break; the remedy"."""
        return self.conflict(parameters)


def whole(name: str, default: int, bounds: tuple[int, int], description: str) -> Parameter:
    """A whole number within bounds, both included."""
    low, high = bounds

    def accepts(value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    rule = f"{name} is a whole number from {low} to {high}"
    return Parameter(name, default, description, rule, "write such a number", accepts)


def number(name: str, default: float, bounds: tuple[float, float], description: str) -> Parameter:
    """A number within bounds, both included."""
    low, high = bounds

    def accepts(value: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high

    return Parameter(
        name, default, description, f"{name} is a number from {low} to {high}", "write such a number", accepts
    )


def or_word(parameter: Parameter, word: str) -> Parameter:
    """The same, or one word in its place."""

    def accepts(value: object) -> bool:
        return value == word or parameter.accepts(value)

    return replace(parameter, rule=f"{parameter.rule}, or {word}", accepts=accepts)


def vector(parameter: Parameter) -> Parameter:
    """The same for each class: a space gives one value for all of them, or one for each."""
    return replace(parameter, per_class=True)


def with_need(parameter: Parameter, name: str, value: Default) -> Parameter:
    """The same, which does nothing unless the train parameter `name` has this value."""
    return replace(parameter, needs=(name, value))


def with_defaults(parameters: tuple[Parameter, ...], **defaults: Default) -> tuple[Parameter, ...]:
    """The same parameters, some of them with another default.

    Raises:
        ValueError: none of them has that name.
    """
    unknown = set(defaults).difference(one.name for one in parameters)
    if unknown:
        raise ValueError(f"defaults are given to parameters that exist, received {sorted(unknown)}")
    return tuple(replace(one, default=defaults.get(one.name, one.default)) for one in parameters)


def choice(name: str, default: str, options: tuple[str, ...], description: str) -> Parameter:
    """One of several words."""

    def accepts(value: object) -> bool:
        return isinstance(value, str) and value in options

    rule = f"{name} is one of {', '.join(options)}"
    return Parameter(name, default, description, rule, "choose one of these", accepts, words=options)


def truth(name: str, default: bool, description: str) -> Parameter:
    """True or false."""

    def accepts(value: object) -> bool:
        return isinstance(value, bool)

    return Parameter(name, default, description, f"{name} is true or false", "write one of the two", accepts)


def text(name: str, default: str, parse: Callable[[str], object], form: str, description: str) -> Parameter:
    """Text in a form that `parse` reads; it raises `InputError` on any other.

    Args:
        name: the key in a space file.
        default: in the same form.
        parse: reads the text.
        form: what the text looks like, to follow "NAME is".
        description: one line for people.
    """

    def accepts(value: object) -> bool:
        if not isinstance(value, str):
            return False
        try:
            parse(value)
        except InputError:
            return False
        return True

    return Parameter(name, default, description, f"{name} is {form}", f'write for example "{default}"', accepts)


def by_name(*parameters: Parameter) -> dict[str, Parameter]:
    """Parameters by their name, in the order given.

    Raises:
        ValueError: two of them share a name.
    """
    named = {parameter.name: parameter for parameter in parameters}
    if len(named) < len(parameters):
        raise ValueError(f"parameters of a detector have different names, received {[p.name for p in parameters]}")
    return named
