"""What the fake detector lets vary: the keys of its problems, what an epoch costs, and how it fails. Plain data."""

from trainables.fake_problems import PROBLEMS, WORDS
from trainables.notation import NONE
from trainables.parameters import by_name, choice, number, truth, whole

FAILURES = (
    NONE,
    "nan_loss",
    "out_of_memory",
    "lost_worker",
    "bad_configuration",
    "corrupt_image",
    "full_disk",
    "time_out",
    "slow_exit",
)
_ALWAYS = 1_000_000

_PROBLEM = (
    choice("problem", "parabola", tuple(PROBLEMS), "whose scores the trial reports (trainables.fake_problems)"),
    *(number(name, 0.5, (0.0, 1.0), "what a problem's score depends on") for name in "xyzuv"),
    number("lr", 1e-2, (1e-6, 1.0), "what the problem lr_like depends on"),
    choice("family", "flat", ("flat", "deep", "wide"), "decides which keys the problem conditional reads"),
    *(choice(f"option_{place}", "ash", WORDS, "what the problem categorical depends on") for place in range(1, 7)),
    whole("level_a", 0, (0, 11), "what the problem discrete depends on"),
    whole("level_b", 0, (0, 10), "what the problem discrete depends on"),
    whole("level_c", 0, (0, 6), "what the problem discrete depends on"),
    *(number(f"inert_{place}", 0.5, (0.0, 1.0), "nothing depends on it") for place in range(1, 13)),
)

_COST = (
    whole("epochs", 12, (0, 1000), "epochs"),
    number("epoch_s", 0.1, (0.0, 3600.0), "seconds that an epoch takes"),
    truth("virtual", False, "let the seconds pass on paper only"),
    whole("batch_size", 1, (1, 256), "images of one step"),
    number("memory_per_image_gib", 0.0, (0.0, 64.0), "memory that each image of a batch takes"),
    number("device_gib", 24.0, (0.5, 1024.0), "memory that there is"),
)

_FAILING = (
    choice("failure", NONE, FAILURES, "how the trial fails"),
    whole("fail_epoch", 1, (1, 1000), "the epoch at whose end it fails"),
    whole("failing_attempts", _ALWAYS, (1, _ALWAYS), "attempts that fail; the one after them works"),
)

FAKE_PARAMETERS = by_name(*_PROBLEM, *_COST, *_FAILING)
