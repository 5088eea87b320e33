"""The auxiliary branch of FCOSTD."""

from trainables.parameters import choice

PARAMETERS = (
    choice(
        "objectness_loss",
        "focal",
        ("focal", "cross_entropy"),
        "loss by which the auxiliary branch tells objects from background",
    ),
)
