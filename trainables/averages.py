"""Which epochs' weights a view averages, and how much each of them counts. Plain numbers, no torch.

    none         the last epoch's weights as they are
    last3        the mean of the last three
    best3        the mean of the three that scored best on the validation images
    last3/0.7    one after the other, the new one counting .7 and the average so far .3: .09, .21, .70

An epoch here is one that the trial reports after: every epoch, unless `report_every` says otherwise. A small alpha over
many epochs is an exponential moving average by epochs.

Source: Izmailov et al., Averaging weights leads to wider optima (UAI 2018), equation 1 for the mean.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from results.errors import InputError
from trainables.notation import NONE

_FORM = re.compile(r"(last|best)([1-9][0-9]?)(?:/(0?\.[0-9]{1,4}))?\Z")


@dataclass(frozen=True)
class Average:
    """What is averaged.

    Attributes:
        by_score: the best epochs instead of the last.
        count: so many epochs, or all where there are fewer.
        alpha: share of each new epoch, in order; None for the mean.
    """

    by_score: bool
    count: int
    alpha: float | None

    def epochs(self, written: Sequence[int], scores: Mapping[int, float | None]) -> tuple[int, ...]:
        """The epochs that count, ascending; one whose score is not known yet is ranked best.

        Args:
            written: epochs whose weights there are.
            scores: of those that were judged; None where the rule defines none.
        """
        if not self.by_score:
            return tuple(sorted(written)[-self.count :])

        def rank(epoch: int) -> tuple[float, int]:
            score = scores.get(epoch, float("inf"))
            return float("-inf") if score is None else score, epoch

        return tuple(sorted(sorted(written, key=rank)[-self.count :]))

    def shares(self, count: int) -> tuple[float, ...]:
        """How much each of so many epochs counts, in their order; they add up to 1."""
        if self.alpha is None:
            return (1 / count,) * count
        rest = 1 - self.alpha
        later = [self.alpha * rest ** (count - 1 - place) for place in range(1, count)]
        return rest ** (count - 1), *later


def parse_average(text: str) -> Average | None:
    """Reads one of the forms above; None for "none".

    Raises:
        InputError: another form.
    """
    if text == NONE:
        return None
    match = _FORM.match(text)
    if match is None or (match[3] and not float(match[3])):
        rule = (
            "an average is of the lastK or bestK epochs, after a stroke an alpha between 0 and 1 where it is sequential"
        )
        raise InputError(rule, repr(text), 'write for example "last3", "best3" or "last3/0.7"')
    return Average(match[1] == "best", int(match[2]), float(match[3]) if match[3] else None)
