"""How long, how fast and by which optimizer a detector is trained."""

from trainables.notation import NONE, parse_epochs
from trainables.parameters import choice, number, text, whole

FULL = "full"

EPOCHS = (whole("epochs", 12, (0, 1000), "passes over the training images; 0 evaluates the untrained detector"),)
AVERAGE = (
    number(
        "ema", 0.0, (0.0, 0.5), "share of each step in a moving average of the weights, which predicts; 0 keeps none"
    ),
)

PARAMETERS = (
    choice("optimizer", "sgd", ("sgd", "adamw"), "optimizer"),
    number("lr", 0.02, (1e-7, 1.0), "learning rate after warm-up"),
    choice(
        "lr_scaling", NONE, (NONE, "linear", "sqrt"), "whether lr is meant for a batch of 16 and follows batch_size"
    ),
    number("weight_decay", 1e-4, (0.0, 1.0), "weight decay"),
    number("momentum", 0.9, (0.0, 0.999), "momentum of sgd; adamw does not read it"),
    *EPOCHS,
    choice("schedule", "step", ("step", "cosine"), "how the learning rate falls"),
    text(
        "lr_steps",
        "8,11",
        parse_epochs,
        'rising whole epochs such as "8,11", or "none"',
        "epochs after which schedule step divides the learning rate by 10",
    ),
    whole("warmup_iters", 500, (0, 100_000), "iterations over which the learning rate rises linearly"),
    number("gradient_clip", 0.0, (0.0, 1000.0), "largest norm of the gradient; 0 does not clip"),
    choice("precision", FULL, (FULL, "float16", "bfloat16"), "numbers that training computes with; halves want a GPU"),
    *AVERAGE,
)
