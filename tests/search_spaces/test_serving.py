from collections.abc import Callable

import pytest

from search_spaces.serving import search_notices
from search_spaces.space import Space

LoadText = Callable[..., Space]
FaultsOf = Callable[..., list[str]]

RANGES = "train: {lr: {range: [0, 1]}, width: {range: [1, 9]}, dcn: v1}\n"
CHOICES = "train: {dcn: {choice: [a, b]}, width: {range: [1, 9], step: 2, when: {dcn: [a]}}}\n"

REFUSED = {
    CHOICES + "search: {sampler: cmaes}": "dcn, width is a choice or has conditions",
    "train: {lr: {range: [0, 1]}}\nsearch: {sampler: cmaes}": "at least two ranges",
    RANGES + "search: {sampler: grid}": "lr has a continuum",
    RANGES + "search: {pruner: {name: hyperband, min_epochs: 20}, epochs: 12}": "lower min_epochs",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_serve_the_space_is_refused_at_its_line(faults_of: FaultsOf, text: str) -> None:
    (fault,) = faults_of(text + "\n")
    assert REFUSED[text] in fault
    assert "planted.yaml:4: " in fault


@pytest.mark.parametrize("sampler", ["tpe", "random", "gp"])
@pytest.mark.parametrize("train", [RANGES, CHOICES])
def test_these_serve_any_space(load_text: LoadText, sampler: str, train: str) -> None:
    assert load_text(f"{train}search: {{sampler: {sampler}}}\n").search.sampler == sampler


NOTED = {
    RANGES + "search: {sampler: tpe}": [],
    RANGES + "search: {sampler: cmaes, pruner: none}": [],
    RANGES + "search: {sampler: cmaes}": ["learns nothing from trials that the pruner stops"],
    CHOICES + "search: {sampler: gp, pruner: none}": ["imports torch", "keys with conditions at random: width"],
    CHOICES + "search: {sampler: grid, trials: 3}": ["of 6 points the first 3 are tried"],
    CHOICES + "search: {sampler: grid, trials: 6}": [],
    RANGES + "search: {report_every: 2}": ["its rung at epoch 1 is judged at epoch 2"],
    RANGES + "search: {report_every: 12}": ["no trial is stopped before its last epoch"],
    RANGES + "search: {pruner: {name: median, warmup_epochs: 11}}": ["of 12 the first judged is 12"],
    RANGES + "search: {pruner: {name: hyperband, min_epochs: 5}}": ["one bracket"],
    RANGES + "search: {pruner: hyperband}": [],
    RANGES + "search: {pruner: none, report_every: 12}": [],
    RANGES + "known: [{width: 1}, {width: 2}, {width: 3}]\nsearch: {trials: 1}": ["3 points and 1 trials: the last 2"],
    RANGES + "known: [{width: 2}, {width: 2}, {width: 3}]\nsearch: {trials: 2}": ["1 of 3 points repeat another one"],
    "train: {width: 3}\n": ["nothing is searched"],
    RANGES + "known: [{width: 1}, {width: 2}]\nsearch: {trials: 2}": [],
}


@pytest.mark.parametrize("text", NOTED)
def test_what_serves_in_part_is_said(load_text: LoadText, text: str) -> None:
    space = load_text(text + "\n")
    notices = search_notices(space, space.search.trials)
    assert len(notices) == len(NOTED[text])
    assert all(words in notice for words, notice in zip(NOTED[text], notices, strict=True))
