"""Named problems for searches to solve: a score for every point and epoch, with the best point known beforehand.

Deterministic arithmetic in place of a detector. Which failures a trial meets, and what its epochs cost, is
`trainables.fake`'s business.
"""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Params = Mapping[str, Any]

WORDS = ("ash", "beech", "cedar", "elm", "fir")
# The best learning rate, and the one from which the loss becomes NaN.
BEST_LR, DIVERGING_LR = 3e-3, 0.3
# GiB of all images of a batch together from which more brings nothing, and what the network takes by itself.
ENOUGH_GIB, NETWORK_GIB = 12.0, 0.5
_PACE_EPOCHS = 3.0
_NOISE = 0.02
_PLATEAU = 0.3


@dataclass(frozen=True)
class Problem:
    """One named problem.

    Attributes:
        description: one line for people: what makes it hard.
        quality: of a point, what its score rises to; at most 1.
        best: a point of quality 1.
        pace_epochs: from a point's quality to the epochs in which 63% of it are reached.
        noise: standard deviation of what a trial's seed adds to its scores.
    """

    description: str
    quality: Callable[[Params], float]
    best: Params
    pace_epochs: Callable[[float], float] = lambda quality: _PACE_EPOCHS
    noise: float = 0.0


def score_after(params: Params, epoch: int, seed: int) -> float:
    """The score of a trial after an epoch: rising with training, in [-0.1, 1.1] with noise, below 1 without."""
    problem = PROBLEMS[str(params["problem"])]
    return noise_free_score(params, epoch) + problem.noise * _normal(f"{seed}")


def noise_free_score(params: Params, epoch: int) -> float:
    """What a score would be on average over seeds."""
    problem = PROBLEMS[str(params["problem"])]
    quality = problem.quality(params)
    return quality * (1 - math.exp(-epoch / problem.pace_epochs(quality)))


def optimum(name: str, epochs: int) -> float:
    """The best score of a problem after so many epochs, without noise."""
    return noise_free_score({**PROBLEMS[name].best, "problem": name}, epochs)


def _bowl(params: Params, best: Params, steepness: float) -> float:
    return math.exp(-steepness * sum((float(params[key]) - best[key]) ** 2 for key in best))


def _normal(text: str) -> float:
    """A draw from the normal distribution, as good as certain to lie within 5, that depends on the text alone."""
    words = hashlib.blake2b(text.encode(), digest_size=16).digest()
    first, second = (int.from_bytes(half) / 2**64 for half in (words[:8], words[8:]))
    return math.sqrt(-2 * math.log(max(first, 4e-6))) * math.cos(2 * math.pi * second)


def _parabola(params: Params) -> float:
    return 1 - (float(params["x"]) - 0.7) ** 2


_SPHERE = {"x": 0.7, "y": 0.3, "z": 0.55, "u": 0.2}


def _sphere(params: Params) -> float:
    return _bowl(params, _SPHERE, 1.2)


# Of each family: its ceiling, and the keys that count in it.
_FAMILIES = {"flat": (0.85, {"x": 0.4}), "deep": (1.0, {"y": 0.25, "z": 0.8}), "wide": (0.92, {"u": 0.6, "v": 0.6})}


def _conditional(params: Params) -> float:
    ceiling, best = _FAMILIES[str(params["family"])]
    return ceiling * _bowl(params, best, 5.5)


_BEST_WORDS = {f"option_{place}": WORDS[place * 2 % 5] for place in range(1, 7)}


def _categorical(params: Params) -> float:
    missed = sum(_distance(str(params[key]), best) for key, best in _BEST_WORDS.items())
    return math.exp(-0.026 * missed**2)


def _distance(word: str, best: str) -> int:
    """How much worse a word is than the best: 0 to 4, in an order that no sampler is told."""
    return (WORDS.index(word) - WORDS.index(best)) * 3 % 5


_LEVELS = {"level_a": (8, 11), "level_b": (3, 10), "level_c": (2, 6)}


def _discrete(params: Params) -> float:
    return math.exp(-4 * sum(((params[key] - best) / top) ** 2 for key, (best, top) in _LEVELS.items()))


def _ridge(params: Params) -> float:
    x, y = float(params["x"]), float(params["y"])
    across, along = (x + y - 1.1) / math.sqrt(2), (x - y - 0.3) / math.sqrt(2)
    return math.exp(-30 * across**2 - 2 * along**2 - 2 * (float(params["z"]) - 0.4) ** 2)


_PAIR = {"x": 0.35, "y": 0.8}


def _pair(params: Params) -> float:
    return _bowl(params, _PAIR, 20)


def _slow_if_good(quality: float) -> float:
    return 0.5 + 6 * quality**2


_TRIPLE = {"x": 0.3, "y": 0.6, "z": 0.75}


def _triple(params: Params) -> float:
    return _bowl(params, _TRIPLE, 3)


def _lr_like(params: Params) -> float:
    decades = math.log10(float(params["lr"]) / BEST_LR)
    return math.exp(-0.9 * decades**2) * _bowl(params, {"x": 0.4}, 3)


def _plateau(params: Params) -> float:
    return _PLATEAU + (1 - _PLATEAU) * _bowl(params, _PAIR, 30)


def activations_gib(params: Params) -> float:
    """Memory of a whole batch's activations; accumulated gradients spread it over several passes."""
    return float(params["memory_per_image_gib"]) * int(params["batch_size"])


def _memory(params: Params) -> float:
    return min(activations_gib(params) / ENOUGH_GIB, 1.0) * _bowl(params, {"x": 0.7}, 1)


PROBLEMS: Mapping[str, Problem] = {
    "parabola": Problem("one number, no traps", _parabola, {"x": 0.7}),
    "sphere": Problem("four numbers of equal weight", _sphere, _SPHERE),
    "conditional": Problem(
        "three families with keys of their own", _conditional, {"family": "deep", **_FAMILIES["deep"][1]}
    ),
    "categorical": Problem("six words out of five each, without an order", _categorical, _BEST_WORDS),
    "discrete": Problem("924 points", _discrete, {key: best for key, (best, _) in _LEVELS.items()}),
    "ridge": Problem("two numbers that only count together", _ridge, {"x": 0.7, "y": 0.4, "z": 0.4}),
    "deceptive": Problem("the best points rise slowest", _pair, _PAIR, pace_epochs=_slow_if_good),
    "noisy": Problem("every seed scores differently", _triple, _TRIPLE, noise=_NOISE),
    "lr_like": Problem("six decades, and NaN beyond them", _lr_like, {"lr": BEST_LR, "x": 0.4}),
    "plateau": Problem("flat but for one small hill", _plateau, _PAIR),
    "inert": Problem("two numbers count, twelve do not", _pair, _PAIR),
    "memory": Problem(
        "the best points lie beside those that run out of memory",
        _memory,
        {"x": 0.7, "memory_per_image_gib": ENOUGH_GIB / 4, "batch_size": 4},
    ),
}
